/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as what a run is given by an address, or is told of its versions: a BaselineOverride,
 * an InstallOverrideList, the plane's pins. What is taken is within its bounds. */
#include "base/json.h"
#include "engine/baseline_doc.h"
#include "engine/baseline_override.h"
#include "engine/patch_source.h"
#include "patch/override.h"
#include "patch/pins.h"

#include "fuzz.h"

static void try_baselines(struct arena *a, const struct value *doc, enum patch_os os)
{
    struct baseline_override o;
    struct baseline_snapshot again;
    struct str why = { 0 };
    int result = baseline_override_parse(a, doc, os, &o, &why);

    if (result != 0) {
        assert(result == BASELINE_OVERRIDE_UNUSABLE && why.len > 0);
        return;
    }
    const struct baseline_snapshot snapshot = { o.baseline, S("") };

    assert(o.baseline.os == os && value_is(o.request, VALUE_MAP));
    assert(!value_get(o.request, S("BaselineId")) && !value_get(o.request, S("Name")));
    assert(baseline_parse(a, baseline_format(a, &snapshot), &again, &why) == 0);
    assert(baseline_same_rules(a, &o.baseline, &again.baseline));
    struct strs lines = patch_sources_of(a, &o.baseline, S("Debian12"));
    for (size_t i = 0; i < lines.count; i++)
        assert(!patch_source_fault(patch_os_info(os)->family, lines.items[i]) &&
               (os != PATCH_OS_DEBIAN || str_find(lines.items[i], '\n') < 0));
}

static void try_pins(struct arena *a, const struct value *doc)
{
    struct change one = { .name = S("one"), .arch = S("all"), .from = S("1"), .to = S("2") };
    struct pins pins = { .differences = arena_array(a, struct pin_difference, 1) };

    if (pins_take(a, &pins, doc, &one, 1))
        assert(one.to.len > 0 && one.to.p[0] != '-' && pins.n_differences <= 1);
    else
        assert(str_eq(one.to, S("2")));
}

static void try_list(struct arena *a, struct str text)
{
    const struct patch_facts f = { .name = S("zlib1g"),
                                   .arch = S("amd64"),
                                   .candidate = { .version = S("1:1.2") } };
    struct override_list list = { 0 };
    struct str why = { 0 };

    if (override_parse(a, text, &list, &why) != 0)
        assert(why.len > 0);
    else
        (void)override_matches(&list, &f);
    assert(list.count <= OVERRIDE_MAX_ENTRIES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size };
    struct value *doc;

    if (json_parse(&a, text, &doc, NULL) == 0) {
        try_baselines(&a, doc, PATCH_OS_DEBIAN);
        try_baselines(&a, doc, PATCH_OS_ROCKY_LINUX);
        try_pins(&a, doc);
    }
    (void)patch_source_fault(PATCH_FAMILY_APT, text);
    (void)patch_source_fault(PATCH_FAMILY_RPM, text);
    try_list(&a, text);
    arena_done(&a);
    return 0;
}
