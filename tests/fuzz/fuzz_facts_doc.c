/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as the facts of a host; what is taken for them is decided on, explained, and
 * reads back the same. */
#include "base/json.h"

#include "engine/baseline_default.h"
#include "engine/baseline_explain.h"
#include "engine/facts_doc.h"

#include "fuzz.h"

static void use(struct arena *a, const struct facts_doc *facts)
{
    const struct baseline *b = baseline_default(facts->os);

    for (size_t i = 0; b && i < facts->count && i < 8; i++) {
        struct baseline_chain chain = baseline_explain(a, b, &facts->packages[i], 1700000000000);

        assert(chain.count >= 3);
        assert(chain.links[chain.count - 1].step == STEP_STATE);
        assert(baseline_chain_text(a, &chain).len > 0);
        assert(value_count(baseline_chain_json(a, &chain)) == chain.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct facts_doc facts, again;
    struct value *doc;
    struct str why = { 0 };

    if (json_parse(&a, (struct str){ (const char *)data, size }, &doc, NULL) == 0) {
        int result = facts_parse(&a, doc, &facts, &why);

        assert(result == 0 || (result == FACTS_MALFORMED && why.len > 0));
        if (result == 0) {
            struct value *text = facts_format(&a, &facts);

            use(&a, &facts);
            assert(facts_parse(&a, text, &again, &why) == 0);
            assert(value_equal(text, facts_format(&a, &again)));
        }
    }
    arena_done(&a);
    return 0;
}
