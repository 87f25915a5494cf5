/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as what apt-get printed, as a credentials file, as the tags of a baseline. */
#include "patch/apt/apt_get.h"
#include "patch/association.h"
#include "patch/marks.h"
#include "patch/plane.h"
#include "wire/sigv4.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size };
    struct sigv4_credentials c = { 0 };
    struct strs names = apt_output_installs(&a, text);
    struct association_tags tags;
    struct str rest = text;
    struct apt_install in;

    while (apt_output_next(&rest, &in))
        assert(in.manager_name.len <= size && in.name.len <= size && in.to.len <= size);
    for (size_t i = 0; i < names.count; i++)
        assert(names.items[i].len <= size);
    assert(apt_output_reason(&a, text, S("pb-fails")).len <= size);
    assert(apt_output_reason(&a, text, (struct str){ 0 }).len <= size);
    assert(apt_output_removes(&a, text).count <= size);
    assert(marks_parse(&a, text).count <= size);
    (void)apt_output_is_locked(text);
    assert(!plane_read_profile(text, S("default"), &c) || (c.access_key.len && c.secret.len));
    if (association_tags_parse(&a, text, &tags) && size > 0)
        assert(tags.key.len && tags.values.count && tags.values.items[0].len);
    arena_done(&a);
    return 0;
}
