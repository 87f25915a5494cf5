/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a patch snapshot; what is taken for one is used, and reads back the same. */
#include "base/json.h"

#include "engine/baseline_doc.h"

#include "fuzz.h"

static void decide(struct arena *a, const struct baseline *b)
{
    struct patch_facts f = {
        .name = b->approved.count > 0 ? b->approved.items[0] : S("zlib1g"),
        .arch = S("amd64"),
        .product = S("Debian12"),
        .installed = { .version = S("1:1.0-1"), .priority = S("optional"), .section = S("a/b") },
        .candidate = { .version = S("1:1.1-1"),
                       .security = true,
                       .priority = S("required"),
                       .released_at = 1 },
        .has_update = true,
    };
    struct baseline_decision d = baseline_decide(a, b, &f, 1700000000000);

    assert(d.reason.len > 0);
    assert(!d.install || !patch_state_is_compliant(d.state));
    assert(!baseline_rejects(b, &f, &f.candidate) || d.state != PATCH_MISSING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct baseline_snapshot snapshot, again;
    struct value *doc;
    struct str why = { 0 };

    if (json_parse(&a, (struct str){ (const char *)data, size }, &doc, NULL) == 0) {
        int result = baseline_parse(&a, doc, &snapshot, &why);

        assert(result == 0 || (result == BASELINE_MALFORMED && why.len > 0));
        if (result == 0) {
            struct value *text = baseline_format(&a, &snapshot);

            decide(&a, &snapshot.baseline);
            assert(baseline_parse(&a, text, &again, &why) == 0);
            assert(value_equal(text, baseline_format(&a, &again)));
        }
    }
    arena_done(&a);
    return 0;
}
