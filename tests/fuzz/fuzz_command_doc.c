/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a Command document; of one that is taken, a run with some parameters is typed,
 * timed and placed. */
#include "base/json.h"
#include "base/yaml.h"
#include "svc/ssm/command/command_doc.h"

#include "fuzz.h"

static void run(struct arena *a, const struct command_doc *doc, const char *text)
{
    struct str value = str_of(text), why = S("");
    struct value *given = value_map(a), *arguments;

    for (size_t i = 0; i < doc->n_parameters; i++)
        value_set(a, given, doc->parameters[i].name, value_strings(a, (struct strs){ &value, 1 }));
    int result = command_doc_arguments(a, doc, given, &arguments, &why);
    assert(result >= 0 && (result == 0 || why.len > 0));
    if (result != 0)
        return;
    assert(command_doc_timeout(a, doc, arguments) > 0);
    for (size_t i = 0; i < doc->n_steps; i++) {
        struct doc_run nested;
        if (command_doc_runs(a, doc, arguments, i, &nested))
            assert(value_is(nested.arguments, VALUE_MAP));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size }, why = S("");
    struct value *root;
    struct command_doc doc;

    if (yaml_or_json_parse(&a, text, &root, NULL) == 0) {
        int result = command_doc_parse(&a, root, &doc, &why);
        assert(result >= 0 && (result == 0 || why.len > 0));
        if (result == 0) {
            assert(doc.n_steps > 0 && doc.n_steps <= COMMAND_DOC_MAX_STEPS);
            assert(str_is_set(command_doc_platforms(&a, &doc)));
            run(&a, &doc, "a");
            run(&a, &doc, "60");
            run(&a, &doc, "{{ ssm:x }}");
        }
    }
    arena_done(&a);
    return 0;
}
