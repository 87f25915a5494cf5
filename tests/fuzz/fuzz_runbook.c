/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a runbook; one that is taken is run to its end, every other step failing, with its
 * state through its stored form each time. */
#include <stdlib.h>

#include "base/json.h"
#include "base/yaml.h"
#include "engine/execution.h"

#include "fuzz.h"

/* Values for parameters without a default, if some list of strings makes one. */
static struct value *some_parameters(struct arena *a, const struct runbook *book)
{
    static const char *const texts[] = { "a", "1", "true", "{}" };
    struct value *given = value_map(a), *typed;
    struct str why;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str text = str_of(texts[i]);
        for (uint32_t n = 0; n < book->n_parameters; n++)
            if (!book->parameters[n].fallback)
                value_set(a, given, book->parameters[n].name,
                          value_strings(a, (struct strs){ &text, 1 }));
        if (runbook_parameters(a, book, given, &typed, &why) == 0)
            return typed;
        assert(why.len > 0);
    }
    return NULL;
}

static void run(struct arena *a, const struct runbook *book, struct value *parameters)
{
    struct execution plan = { .id = S("e"),
                              .account = S("111122223333"),
                              .region = S("r"),
                              .partition = S("aws"),
                              .parameters = parameters };
    struct execution e = execution_new(a, book, &plan);
    struct execution_event event = { .type = EXECUTION_EVENT_TIMER, .at = 1000 };

    for (int n = 0; n < 60 && !automation_is_over(e.status); n++) {
        struct execution_effects effects;
        execution_step(a, book, &e, &event, &effects);
        if (!execution_load(a, book, execution_save(a, &e), &e))
            abort();
        event = (struct execution_event){
            .type = n == 40 ? EXECUTION_EVENT_STOP : EXECUTION_EVENT_ENDED,
            .at = event.at + 1000,
            .serial = e.n_starts,
            .status = n % 2 ? AUTOMATION_FAILED : AUTOMATION_SUCCESS,
            .stop = AUTOMATION_STOP_CANCEL,
        };
    }
    assert(automation_is_over(e.status) || book->n_steps > 1);
    execution_outputs(a, book, &e);
    for (uint32_t i = 0; i < e.n_steps; i++)
        execution_wire_inputs(a, e.steps[i].inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct value *document;
    struct runbook book;
    struct str why = { 0 };

    if (size <= 65536 &&
        yaml_or_json_parse(&a, (struct str){ (const char *)data, size }, &document, &why) == 0) {
        if (runbook_parse(&a, document, &book, &why) == 0) {
            struct value *parameters = some_parameters(&a, &book);
            if (parameters)
                run(&a, &book, parameters);
        } else {
            assert(why.len > 0);
        }
    }
    arena_done(&a);
    return 0;
}
