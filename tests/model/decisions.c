/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch decision at the end of a pipe, for test_decisions.py: one JSON object a line in,
 * one list out.
 *
 *   {"baseline": snapshot or patchBaseline, "facts": document of facts_doc.h, "now": ms}
 *   -> [{"state": "MISSING", "level": "HIGH", "install": true, "classification": "Security",
 *        "reason": "..."}, ...], a decision a package
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "engine/baseline_doc.h"
#include "engine/facts_doc.h"

static struct value *decision_of(struct arena *a, const struct baseline *b,
                                 const struct patch_facts *f, msec now)
{
    const struct baseline_decision d = baseline_decide(a, b, f, now);
    struct value *answer = value_map(a);

    value_set_str(a, answer, S("state"), str_of(patch_state_api(d.state)));
    value_set_str(a, answer, S("level"), str_of(compliance_level_name(d.level)));
    value_set_bool(a, answer, S("install"), d.install);
    value_set_str(a, answer, S("classification"), d.classification);
    value_set_str(a, answer, S("reason"), d.reason);
    return answer;
}

static int answer_to(struct arena *a, struct str line, struct value **ret, struct str *ret_why)
{
    struct value *asked;
    struct baseline_snapshot snapshot;
    struct facts_doc facts;

    PASS(json_parse(a, line, &asked, ret_why));
    PASS(baseline_parse(a, value_get(asked, S("baseline")), &snapshot, ret_why));
    PASS(facts_parse(a, value_get(asked, S("facts")), &facts, ret_why));
    *ret = value_list(a);
    for (size_t i = 0; i < facts.count; i++)
        value_append(a, *ret,
                     decision_of(a, &snapshot.baseline, &facts.packages[i],
                                 value_get_int(asked, S("now"), 0)));
    return 0;
}

int main(void)
{
    struct arena a = { 0 };
    char *line = NULL;
    size_t size = 0;
    int result = 0;

    while (result == 0 && getline(&line, &size, stdin) > 0) {
        struct value *answer = NULL;
        struct str why = S("");

        result = answer_to(&a, str_of(line), &answer, &why);
        if (result == 0)
            printf("%s\n", json_format(&a, answer).p);
        else
            fprintf(stderr, "%.*s\n", STR(why));
        fflush(stdout);
        arena_reset(&a);
    }
    free(line);
    arena_done(&a);
    return result == 0 ? 0 : 1;
}
