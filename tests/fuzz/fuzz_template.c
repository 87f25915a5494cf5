/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a template: read, bound with empty parameters, planned and resolved. */
#include "base/yaml.h"

#include "engine/template.h"

#include "fuzz.h"

static const struct value *look_up(void *context, struct str id, struct str attribute)
{
    return attribute.len > 3 ? NULL : value_string(context, id);
}

static void resolve(struct arena *a, const struct template_stack *s)
{
    struct template_result *results;
    struct value *properties;
    size_t count;
    struct str why;

    for (size_t i = 0; i < s->n_steps; i++) {
        const struct template_step *step = &s->steps[i];
        for (size_t k = 0; k < step->n_needs; k++)
            assert(s->exists[step->needs[k]] && step->needs[k] != step->resource);
        int result = template_properties(a, s, step->resource, look_up, a, &properties, &why);
        assert(result == 0 || why.len > 0);
    }
    int result = template_outputs(a, s, look_up, a, &results, &count, &why);
    assert(result == 0 || why.len > 0);
}

static void bind(struct arena *a, const struct template *t)
{
    struct template_given *given = arena_array(a, struct template_given, t->n_parameters);
    struct template_place place = {
        S("111122223333"), S("eu-west-1"), S("aws"), S("amazonaws.com"), S("id"), S("name"), { 0 },
    };
    const struct template_stack *s;
    size_t count = 0;
    struct str why;

    for (size_t i = 0; i < t->n_parameters; i++)
        if (!str_is_set(t->parameters[i].otherwise))
            given[count++] = (struct template_given){ t->parameters[i].name, S("") };
    if (template_bind(a, t, given, count, &place, &s, &why) == 0)
        resolve(a, s);
    else
        assert(why.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct arena a = { 0 };
    const struct template *t;
    struct value *document;
    struct str why;

    if (size <= 51200 && yaml_or_json_parse(&a, text, &document, &why) == 0) {
        if (template_open(&a, document, &t, &why) == 0)
            bind(&a, t);
        else
            assert(why.len > 0);
    }
    arena_done(&a);
    return 0;
}
