/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as what apt-get printed, as a credentials file, as an InstallOverrideList. */
#include "patch/apt/apt_get.h"
#include "patch/override.h"
#include "patch/plane.h"
#include "wire/sigv4.h"

#include "fuzz.h"

static void match(struct arena *a, struct str text)
{
    const struct patch_facts f = { .name = S("zlib1g"),
                                   .arch = S("amd64"),
                                   .candidate = { .version = S("1:1.2") } };
    struct override_list list;
    struct str why = { 0 };
    int result = override_parse(a, text, &list, &why);

    assert(result == 0 || (result == OVERRIDE_MALFORMED && why.len > 0));
    if (result == 0)
        (void)override_matches(&list, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size };
    struct sigv4_credentials c = { 0 };
    struct strs names = apt_output_installs(&a, text);

    for (size_t i = 0; i < names.count; i++)
        assert(names.items[i].len <= size);
    assert(apt_output_reason(&a, text, S("pb-fails")).len <= size);
    assert(apt_output_reason(&a, text, (struct str){ 0 }).len <= size);
    (void)apt_output_is_locked(text);
    assert(!plane_read_profile(text, S("default"), &c) || (c.access_key.len && c.secret.len));
    match(&a, text);
    arena_done(&a);
    return 0;
}
