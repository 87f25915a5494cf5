/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch decision at the end of a pipe, for test_decide.py: one JSON object a line in, one out.
 *
 *   {"baseline": PATCH-BASELINE, "facts": FACTS, "now": MILLISECONDS}
 *      -> {"packages": [{"state": "Missing", "level": "HIGH", "install": true}, ...]}
 *
 * PATCH-BASELINE is as a snapshot has it (engine/baseline_doc.h), FACTS as a host tells them
 * (engine/facts_doc.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "engine/baseline_doc.h"
#include "engine/facts_doc.h"

static _Noreturn void give_up(struct str why)
{
    fprintf(stderr, "decide: %.*s\n", STR(why));
    exit(1);
}

static struct value *decide_all(struct arena *a, const struct value *in)
{
    struct value *out = value_map(a), *list = value_list(a);
    struct baseline_snapshot snapshot;
    struct facts_doc facts;
    struct str why = S("");

    if (baseline_parse(a, value_get(in, S("baseline")), &snapshot, &why) != 0 ||
        facts_parse(a, value_get(in, S("facts")), &facts, &why) != 0)
        give_up(why);
    for (size_t i = 0; i < facts.count; i++) {
        const struct baseline_decision d = baseline_decide(
            a, &snapshot.baseline, &facts.packages[i], value_get_int(in, S("now"), 0));
        struct value *v = value_map(a);

        value_set_str(a, v, S("state"), str_of(patch_state_name(d.state)));
        value_set_str(a, v, S("level"), str_of(compliance_level_name(d.level)));
        value_set_bool(a, v, S("install"), d.install);
        value_set_str(a, v, S("reason"), d.reason);
        value_append(a, list, v);
    }
    value_set(a, out, S("packages"), list);
    return out;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while ((len = getline(&line, &size, stdin)) > 0) {
        struct arena a = { 0 };
        struct value *in;
        struct str why = S("");

        if (json_parse(&a, (struct str){ line, (size_t)len }, &in, &why) != 0)
            give_up(why);
        puts(json_format(&a, decide_all(&a, in)).p);
        fflush(stdout);
        arena_done(&a);
    }
    free(line);
    return 0;
}
