/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/runbook.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/interpolate.h"
#include "engine/regex.h"

struct parser {
    struct arena *arena;
    struct runbook *book;
    struct str *why;
};

PRINTF(2, 3) static int refuse(struct parser *p, const char *fmt, ...)
{
    char sentence[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    *p->why = arena_dup(p->arena, str_of(sentence));
    return RUNBOOK_INVALID;
}

/* ---- members ---- */

static const struct str top_members[] = {
    S_INIT("schemaVersion"), S_INIT("description"), S_INIT("assumeRole"),
    S_INIT("parameters"),    S_INIT("mainSteps"),   S_INIT("outputs"),
};
static const struct str parameter_members[] = {
    S_INIT("type"),           S_INIT("description"), S_INIT("default"),  S_INIT("allowedValues"),
    S_INIT("minItems"),       S_INIT("maxItems"),    S_INIT("minChars"), S_INIT("maxChars"),
    S_INIT("allowedPattern"), S_INIT("displayType"),
};
static const struct str step_members[] = {
    S_INIT("name"),           S_INIT("action"),     S_INIT("description"), S_INIT("maxAttempts"),
    S_INIT("timeoutSeconds"), S_INIT("onFailure"),  S_INIT("onCancel"),    S_INIT("isEnd"),
    S_INIT("nextStep"),       S_INIT("isCritical"), S_INIT("inputs"),
};

static int check_members(struct parser *p, const struct value *map, const struct str *known,
                         size_t n_known, struct str of)
{
    struct strs list = { (struct str *)known, n_known };

    for (size_t i = 0; i < map->map.count; i++) {
        struct str key = map->map.members[i].key;
        if (!strs_have(list, key))
            return refuse(p, "%.*s has the member \"%.*s\", which is not supported.", STR(of),
                          STR(key));
    }
    return 0;
}

static int take_string(struct parser *p, const struct value *map, struct str key, struct str of,
                       struct str *ret)
{
    const struct value *v = value_get(map, key);

    if (v && !value_is(v, VALUE_STRING))
        return refuse(p, "%.*s of %.*s must be a string.", STR(key), STR(of));
    *ret = value_str(v);
    return 0;
}

/* An integer, or digits in a string; *ret keeps what it is where there is none. */
static int take_number(struct parser *p, const struct value *map, struct str key, struct str of,
                       int64_t min, int64_t max, int64_t *ret)
{
    const struct value *v = value_get(map, key);
    int64_t n;

    if (!v)
        return 0;
    if (value_is(v, VALUE_INT))
        n = v->integer;
    else if (!str_is_digits(value_str(v)) || !str_to_int(value_str(v), &n))
        return refuse(p, "%.*s of %.*s must be a number.", STR(key), STR(of));
    if (n < min || n > max)
        return refuse(p, "%.*s of %.*s must be from %lld to %lld.", STR(key), STR(of),
                      (long long)min, (long long)max);
    *ret = n;
    return 0;
}

static int take_flag(struct parser *p, const struct value *map, struct str key, struct str of,
                     bool *ret)
{
    const struct value *v = value_get(map, key);
    struct str text = value_str(v);

    if (!v)
        return 0;
    if (value_is(v, VALUE_BOOL))
        *ret = v->boolean;
    else if (str_eq(text, S("true")) || str_eq(text, S("false")))
        *ret = str_eq(text, S("true"));
    else
        return refuse(p, "%.*s of %.*s must be true or false.", STR(key), STR(of));
    return 0;
}

static bool is_name(struct str s, size_t max)
{
    return s.len >= 1 && s.len <= max && str_is_word(s, "_");
}

/* ---- references ---- */

static int check_reference(struct parser *p, struct str name, struct str of)
{
    struct str step, output;

    if (str_is_empty(name))
        return refuse(p, "%.*s has a malformed reference.", STR(of));
    if (runbook_find_parameter(p->book, name) || reference_is_global(name))
        return 0;
    if (str_starts(name, S("ssm:")))
        return refuse(p, "%.*s refers to {{ %.*s }}: Parameter Store references are not supported.",
                      STR(of), STR(name));
    if (str_cut(name, '.', &step, &output)) {
        const struct runbook_step *s = runbook_find_step(p->book, step);
        if (s && runbook_action_has_output(s->action, output))
            return 0;
    }
    return refuse(p, "%.*s refers to {{ %.*s }}, which is no parameter, output or variable.",
                  STR(of), STR(name));
}

static int check_text(struct parser *p, struct str text, struct str of)
{
    struct str rest = text, before, name;

    while (reference_next(&rest, &before, &name))
        PASS(check_reference(p, name, of));
    return 0;
}

static int check_references(struct parser *p, const struct value *v, struct str of)
{
    if (value_is(v, VALUE_STRING))
        return check_text(p, v->string, of);
    if (value_is(v, VALUE_LIST))
        for (size_t i = 0; i < v->list.count; i++)
            PASS(check_references(p, v->list.items[i], of));
    if (value_is(v, VALUE_MAP))
        for (size_t i = 0; i < v->map.count; i++) {
            if (str_contains(v->map.members[i].key, S("{{")))
                return refuse(p, "%.*s has a reference in the name of a member.", STR(of));
            PASS(check_references(p, v->map.members[i].value, of));
        }
    return 0;
}

/* ---- parameters ---- */

static int take_type(struct parser *p, const struct value *definition,
                     struct runbook_parameter *ret, struct str of)
{
    struct str type = { 0 };

    PASS(take_string(p, definition, S("type"), of, &type));
    for (unsigned i = 0; i < RUNBOOK_TYPES; i++)
        if (str_eq(type, runbook_type_name((enum runbook_type)i))) {
            ret->type = (enum runbook_type)i;
            return 0;
        }
    return refuse(p, "%.*s has the type \"%.*s\", which is not supported.", STR(of), STR(type));
}

static int take_pattern(struct parser *p, const struct value *definition,
                        struct runbook_parameter *ret, struct str of)
{
    struct str why = { 0 };

    PASS(take_string(p, definition, S("allowedPattern"), of, &ret->pattern_text));
    if (!str_is_set(ret->pattern_text))
        return 0;
    ret->pattern = regex_compile(p->arena, ret->pattern_text, &why);
    if (!ret->pattern)
        return refuse(p, "allowedPattern of %.*s cannot be used: %.*s", STR(of), STR(why));
    return 0;
}

static int take_fallback(struct parser *p, const struct value *definition,
                         struct runbook_parameter *ret, struct str of)
{
    struct str why = { 0 };

    ret->fallback = value_get(definition, S("default"));
    if (!ret->fallback)
        return 0;
    struct str rest = value_str(ret->fallback), before, name;
    if (reference_next(&rest, &before, &name))
        return refuse(p, "The default of %.*s refers to {{ %.*s }}: a default must be a constant.",
                      STR(of), STR(name));
    if (runbook_check_value(p->arena, ret, ret->fallback, &why) != 0)
        return refuse(p, "The default of %.*s is not valid. %.*s", STR(of), STR(why));
    return 0;
}

static int take_parameter(struct parser *p, const struct value_member *member,
                          struct runbook_parameter *ret)
{
    const struct value *definition = member->value;
    struct str of = arena_fmt(p->arena, "Parameter \"%.*s\"", STR(str_slice(member->key, 0, 50)));

    *ret = (struct runbook_parameter){
        .name = member->key, .min_items = -1, .max_items = -1, .min_chars = -1, .max_chars = -1
    };
    if (!is_name(member->key, 50))
        return refuse(p, "%.*s must have a name of 1 to 50 letters, digits and underscores.",
                      STR(of));
    if (!value_is(definition, VALUE_MAP))
        return refuse(p, "%.*s must be a map.", STR(of));
    PASS(check_members(p, definition, parameter_members, ARRAY_LEN(parameter_members), of));
    PASS(take_type(p, definition, ret, of));
    PASS(take_number(p, definition, S("minItems"), of, 0, INT32_MAX, &ret->min_items));
    PASS(take_number(p, definition, S("maxItems"), of, 0, INT32_MAX, &ret->max_items));
    PASS(take_number(p, definition, S("minChars"), of, 0, INT32_MAX, &ret->min_chars));
    PASS(take_number(p, definition, S("maxChars"), of, 0, INT32_MAX, &ret->max_chars));
    ret->allowed = value_get(definition, S("allowedValues"));
    if (ret->allowed && !value_is(ret->allowed, VALUE_LIST))
        return refuse(p, "allowedValues of %.*s must be a list.", STR(of));
    PASS(take_pattern(p, definition, ret, of));
    return take_fallback(p, definition, ret, of);
}

static int take_parameters(struct parser *p, const struct value *map)
{
    size_t count = value_count(map);

    if (map && !value_is(map, VALUE_MAP))
        return refuse(p, "parameters must be a map.");
    if (count > RUNBOOK_MAX_PARAMETERS)
        return refuse(p, "A runbook may have %d parameters.", RUNBOOK_MAX_PARAMETERS);
    p->book->parameters = arena_array(p->arena, struct runbook_parameter, count);
    for (size_t i = 0; i < count; i++) {
        /* NULL has a count of 0. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        PASS(take_parameter(p, &map->map.members[i], &p->book->parameters[i]));
        p->book->n_parameters++;
    }
    return 0;
}

/* ---- steps ---- */

static bool is_action(struct str s)
{
    struct str word = str_from(s, 4);

    return str_starts(s, S("aws:")) && word.len >= 3 && word.len <= 25 && str_is_word(word, "");
}

static int find_step(struct parser *p, struct str name, struct str of, uint32_t *ret)
{
    const struct runbook_step *step = runbook_find_step(p->book, name);

    if (!step)
        return refuse(p, "%.*s names the step \"%.*s\", which does not exist.", STR(of),
                      STR(str_slice(name, 0, 128)));
    *ret = (uint32_t)(step - p->book->steps);
    return 0;
}

static int take_jump(struct parser *p, const struct value *step, struct str key, struct str of,
                     struct runbook_jump *ret, struct str *ret_text)
{
    struct str text = { 0 }, what = arena_fmt(p->arena, "%.*s of %.*s", STR(key), STR(of));
    bool is_cancel = str_eq(key, S("onCancel"));

    PASS(take_string(p, step, key, of, &text));
    *ret = (struct runbook_jump){ RUNBOOK_ABORT, 0 };
    *ret_text = str_is_set(text) ? text : S("Abort");
    if (!str_is_set(text) || str_eq(text, S("Abort")))
        return 0;
    if (str_eq(text, S("Continue")) && !is_cancel) {
        ret->then = RUNBOOK_CONTINUE;
        return 0;
    }
    if (!str_starts(text, S("step:")))
        return refuse(p,
                      is_cancel ? "%.*s must be Abort or step:NAME."
                                : "%.*s must be Abort, Continue or step:NAME.",
                      STR(what));
    ret->then = RUNBOOK_GO;
    return find_step(p, str_trim(str_from(text, 5)), what, &ret->step);
}

/* The name and the action of every step are needed before any step can be
 * checked, as steps and references name each other. */
static int take_step_head(struct parser *p, const struct value *step, uint32_t index,
                          struct runbook_step *ret)
{
    struct str of = arena_fmt(p->arena, "Step %u", index + 1);

    if (!value_is(step, VALUE_MAP))
        return refuse(p, "%.*s must be a map.", STR(of));
    PASS(take_string(p, step, S("name"), of, &ret->name));
    if (!is_name(ret->name, 128))
        return refuse(p, "%.*s must have a name of letters, digits and underscores.", STR(of));
    for (uint32_t i = 0; i < index; i++)
        if (str_eq(p->book->steps[i].name, ret->name))
            return refuse(p, "Two steps have the name \"%.*s\".", STR(ret->name));
    PASS(take_string(p, step, S("action"), of, &ret->action));
    if (!is_action(ret->action))
        return refuse(p, "Step \"%.*s\" must have an action, such as aws:runCommand.",
                      STR(ret->name));
    return 0;
}

static int take_step_flow(struct parser *p, const struct value *step, struct str of, uint32_t index,
                          struct runbook_step *ret)
{
    struct str next = { 0 }, ignored;

    PASS(take_jump(p, step, S("onFailure"), of, &ret->on_failure, &ret->on_failure_text));
    PASS(take_jump(p, step, S("onCancel"), of, &ret->on_cancel, &ignored));
    PASS(take_flag(p, step, S("isEnd"), of, &ret->is_end));
    ret->is_critical = ret->on_failure.then != RUNBOOK_CONTINUE;
    PASS(take_flag(p, step, S("isCritical"), of, &ret->is_critical));
    ret->next = index + 1;
    PASS(take_string(p, step, S("nextStep"), of, &next));
    if (str_is_set(next))
        PASS(find_step(p, next, arena_fmt(p->arena, "nextStep of %.*s", STR(of)), &ret->next));
    if (ret->is_end)
        ret->next = p->book->n_steps;
    return 0;
}

static int take_step(struct parser *p, const struct value *step, uint32_t index,
                     struct runbook_step *ret)
{
    struct str of = arena_fmt(p->arena, "Step \"%.*s\"", STR(ret->name));
    int64_t max_attempts = 1, timeout = 0;

    PASS(runbook_check_action(p->arena, ret, p->why));
    PASS(check_members(p, step, step_members, ARRAY_LEN(step_members), of));
    PASS(take_string(p, step, S("description"), of, &ret->description));
    PASS(take_number(p, step, S("maxAttempts"), of, 1, RUNBOOK_MAX_ATTEMPTS, &max_attempts));
    PASS(take_number(p, step, S("timeoutSeconds"), of, 1, RUNBOOK_MAX_TIMEOUT / MSEC_SECOND,
                     &timeout));
    ret->max_attempts = (uint32_t)max_attempts;
    ret->timeout = timeout * MSEC_SECOND;
    PASS(take_step_flow(p, step, of, index, ret));
    return check_references(p, ret->inputs, of);
}

static int take_steps(struct parser *p, const struct value *list)
{
    size_t count = value_count(list);

    if (!value_is(list, VALUE_LIST) || count == 0)
        return refuse(p, "mainSteps must be a list of at least one step.");
    if (count > RUNBOOK_MAX_STEPS)
        return refuse(p, "A runbook may have %d steps.", RUNBOOK_MAX_STEPS);
    p->book->steps = arena_array(p->arena, struct runbook_step, count);
    for (uint32_t i = 0; i < count; i++) {
        struct runbook_step *step = &p->book->steps[i];
        PASS(take_step_head(p, value_at(list, i), i, step));
        step->inputs = value_get(value_at(list, i), S("inputs"));
        p->book->n_steps++;
    }
    for (uint32_t i = 0; i < count; i++)
        PASS(take_step(p, value_at(list, i), i, &p->book->steps[i]));
    return 0;
}

/* ---- the whole ---- */

static int take_outputs(struct parser *p, const struct value *list)
{
    size_t count = value_count(list);

    if (list && !value_is(list, VALUE_LIST))
        return refuse(p, "outputs must be a list.");
    p->book->outputs = (struct strs){ arena_array(p->arena, struct str, count), count };
    for (size_t i = 0; i < count; i++) {
        struct str name = value_str(value_at(list, i));
        if (str_find(name, '.') < 0)
            return refuse(p, "outputs must be a list of names such as step.Output.");
        PASS(check_reference(p, name, S("outputs")));
        p->book->outputs.items[i] = name;
    }
    return 0;
}

static int take_role(struct parser *p, const struct value *document)
{
    struct str *role = &p->book->assume_role;

    PASS(take_string(p, document, S("assumeRole"), S("the runbook"), role));
    if (!str_is_empty(*role) && !str_starts(*role, S("arn:")) && !str_starts(*role, S("{{")))
        return refuse(p, "assumeRole must be the ARN of a role or a reference to a parameter.");
    return check_text(p, *role, S("assumeRole"));
}

int runbook_parse(struct arena *a, const struct value *document, struct runbook *ret,
                  struct str *ret_why)
{
    struct runbook book = { 0 };
    struct parser p = { a, &book, ret_why };
    struct str version = { 0 };

    if (!value_is(document, VALUE_MAP))
        return refuse(&p, "A runbook must be a map.");
    PASS(check_members(&p, document, top_members, ARRAY_LEN(top_members), S("The runbook")));
    PASS(take_string(&p, document, S("schemaVersion"), S("the runbook"), &version));
    if (!str_eq(version, S("0.3")))
        return refuse(&p, "schemaVersion of a runbook must be \"0.3\".");
    PASS(take_string(&p, document, S("description"), S("the runbook"), &book.description));
    PASS(take_parameters(&p, value_get(document, S("parameters"))));
    PASS(take_role(&p, document));
    PASS(take_steps(&p, value_get(document, S("mainSteps"))));
    PASS(take_outputs(&p, value_get(document, S("outputs"))));
    *ret = book;
    return 0;
}

const struct runbook_parameter *runbook_find_parameter(const struct runbook *book, struct str name)
{
    for (uint32_t i = 0; i < book->n_parameters; i++)
        if (str_eq(book->parameters[i].name, name))
            return &book->parameters[i];
    return NULL;
}

const struct runbook_step *runbook_find_step(const struct runbook *book, struct str name)
{
    for (uint32_t i = 0; i < book->n_steps; i++)
        if (str_eq(book->steps[i].name, name))
            return &book->steps[i];
    return NULL;
}
