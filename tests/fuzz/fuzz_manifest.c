/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a manifest of packages: what is read can be found again, and is a safe file name. */
#include "agent/manifest.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct arena a = { 0 };
    struct manifest m;
    struct str why;

    if (manifest_parse(&a, text, &m, &why))
        for (size_t i = 0; i < m.count; i++) {
            const struct package *p = &m.packages[i];
            const struct package *found = manifest_find(&m, p->family, p->arch, p->version);
            const struct package *newest = manifest_find(&m, p->family, p->arch, S(""));
            assert(found && version_compare(found->version, p->version) == 0);
            assert(newest && version_compare(newest->version, p->version) >= 0);
            assert(str_find(p->file, '/') < 0 && p->file.p[0] != '.' && p->size > 0);
        }
    arena_done(&a);
    return 0;
}
