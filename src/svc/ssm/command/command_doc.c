/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/command_doc.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "svc/ssm/document/doc_parameter.h"

struct parser {
    struct arena *a;
    struct command_doc *doc;
    struct str why;
};

static const struct {
    const char *name;
    unsigned platforms;
} actions[] = {
    { "aws:runShellScript", BIT(0) | BIT(1) },
    { "aws:runPowerShellScript", BIT(0) | BIT(1) | BIT(2) },
    { "aws:downloadContent", BIT(0) | BIT(1) | BIT(2) },
    { "aws:runDocument", BIT(0) | BIT(1) | BIT(2) },
    { "aws:runDockerAction", BIT(0) | BIT(1) | BIT(2) },
    { "aws:configureDocker", BIT(0) | BIT(1) | BIT(2) },
};

static const char *const platforms[] = { "Linux", "MacOS", "Windows" };

PRINTF(2, 3) static int refuse(struct parser *p, const char *fmt, ...)
{
    va_list args;
    char text[512];

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    p->why = arena_dup(p->a, str_of(text));
    return COMMAND_DOC_INVALID;
}

static int check_members(struct parser *p, const struct value *map, const char *const *known,
                         struct str where)
{
    if (!value_is(map, VALUE_MAP))
        return refuse(p, "%.*s must be a map.", STR(where));
    for (size_t i = 0; i < map->map.count; i++) {
        size_t k = 0;
        while (known[k] && !str_eq(map->map.members[i].key, str_of(known[k])))
            k++;
        if (!known[k])
            return refuse(p, "%.*s has the unknown member %.*s.", STR(where),
                          STR(str_slice(map->map.members[i].key, 0, 100)));
    }
    return 0;
}

/* Nothing here resolves a reference to the Parameter Store. */
static bool has_store_reference(const struct value *v)
{
    if (value_is(v, VALUE_STRING)) {
        struct str rest = v->string;
        const char *at;
        while ((at = rest.len ? memmem(rest.p, rest.len, "{{", 2) : NULL)) {
            rest = str_from(rest, (size_t)(at - rest.p) + 2);
            struct str name = str_trim(str_slice(rest, 0, 40));
            if (str_starts(name, S("ssm:")) || str_starts(name, S("ssm-secure:")))
                return true;
        }
        return false;
    }
    for (size_t i = 0; value_is(v, VALUE_LIST) && i < v->list.count; i++)
        if (has_store_reference(v->list.items[i]))
            return true;
    for (size_t i = 0; value_is(v, VALUE_MAP) && i < v->map.count; i++)
        if (has_store_reference(v->map.members[i].value))
            return true;
    return false;
}

static unsigned action_platforms(struct str action)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (str_eq(action, str_of(actions[i].name)))
            return actions[i].platforms;
    return 0;
}

static int check_action(struct parser *p, struct str action)
{
    if (action_platforms(action) == 0)
        return refuse(p, "The action %.*s is not supported.", STR(str_slice(action, 0, 100)));
    return 0;
}

static struct doc_step *add_step(struct parser *p, struct str name, struct str action)
{
    struct doc_step *step = &p->doc->steps[p->doc->n_steps++];

    *step = (struct doc_step){ .name = name, .action = action };
    return step;
}

/* --- inputs that are not for the plugin to judge ---------------------------- */

static bool has_reference(struct str s)
{
    return str_contains(s, S("{{"));
}

/* onFailure and onSuccess; empty is as good as absent. */
static bool is_flow(struct arena *a, const struct value *v, const char *other)
{
    struct str s = value_text(a, v);

    return !v || (str_is_set(s) && (s.len == 0 || has_reference(s) || str_ieq(s, S("exit")) ||
                                    (other && str_ieq(s, str_of(other)))));
}

static int check_flow(struct parser *p, struct str step, const struct value *inputs, bool is_last)
{
    const struct value *finally = value_get(inputs, S("finallyStep"));
    struct str text = value_text(p->a, finally);
    bool is_false = value_is(finally, VALUE_BOOL) ? !finally->boolean : str_ieq(text, S("false"));

    if (!is_flow(p->a, value_get(inputs, S("onFailure")), "successAndExit"))
        return refuse(p, "onFailure of the step %.*s must be exit or successAndExit.", STR(step));
    if (!is_flow(p->a, value_get(inputs, S("onSuccess")), NULL))
        return refuse(p, "onSuccess of the step %.*s must be exit.", STR(step));
    if (finally && !value_is(finally, VALUE_BOOL) && !is_false && !str_ieq(text, S("true")) &&
        !has_reference(text))
        return refuse(p, "finallyStep of the step %.*s must be true or false.", STR(step));
    if (finally && !is_false && !is_last)
        return refuse(p, "Only the last step can be a finallyStep; %.*s is not.", STR(step));
    return 0;
}

static int check_run_document(struct parser *p, struct str step, const struct value *inputs)
{
    static const char *const known[] = { "documentType",
                                         "documentPath",
                                         "documentParameters",
                                         "onFailure",
                                         "onSuccess",
                                         "finallyStep",
                                         NULL };
    struct str type = value_get_str(inputs, S("documentType"));
    struct str path = value_get_str(inputs, S("documentPath"));
    const struct value *parameters = value_get(inputs, S("documentParameters"));
    bool is_local = str_eq(type, S("LocalPath"));
    struct value *parsed;

    PASS(check_members(p, inputs, known, step));
    if (!is_local && !str_eq(type, S("SSMDocument")) && !has_reference(type))
        return refuse(p, "documentType of the step %.*s must be SSMDocument or LocalPath.",
                      STR(step));
    if (str_is_empty(path) || path.len > 1024)
        return refuse(p, "documentPath of the step %.*s must have 1 to 1024 characters.",
                      STR(step));
    if (is_local && path.p[0] != '/' && !has_reference(path))
        return refuse(p, "documentPath of the step %.*s must be absolute: nothing is downloaded.",
                      STR(step));
    bool is_text = value_is(parameters, VALUE_STRING);
    if (parameters && !value_is(parameters, VALUE_MAP) &&
        !(is_text && (parameters->string.len == 0 || has_reference(parameters->string) ||
                      (json_parse(p->a, parameters->string, &parsed, NULL) == 0 &&
                       value_is(parsed, VALUE_MAP)))))
        return refuse(p, "documentParameters of the step %.*s must be a map, or one as JSON text.",
                      STR(step));
    return 0;
}

static int check_inputs(struct parser *p, struct str step, struct str action,
                        const struct value *inputs, bool is_last)
{
    PASS(check_flow(p, step, inputs, is_last));
    if (str_eq(action, S("aws:runDocument")))
        PASS(check_run_document(p, step, inputs));
    return 0;
}

/* --- schema 1.2 ----------------------------------------------------------- */

static int read_plugin(struct parser *p, struct str name, const struct value *plugin)
{
    static const char *const known[] = { "properties", "description", NULL };
    const struct value *properties = value_get(plugin, S("properties"));

    PASS(check_action(p, name));
    PASS(check_members(p, plugin, known, name));
    if (!value_is(properties, VALUE_LIST) || value_count(properties) != 1 ||
        !value_is(value_at(properties, 0), VALUE_MAP))
        return refuse(p, "%.*s must have a list of one set of properties.", STR(name));
    struct doc_step *step = add_step(p, name, name);
    step->inputs = value_at(properties, 0);
    step->timeout = value_get(step->inputs, S("timeoutSeconds"));
    return check_inputs(p, name, name, step->inputs, false);
}

static int read_runtime_config(struct parser *p, const struct value *config)
{
    size_t count = value_count(config);

    if (!value_is(config, VALUE_MAP) || count == 0 || count > COMMAND_DOC_MAX_STEPS)
        return refuse(p, "runtimeConfig must be a map of 1 to %d plugins.", COMMAND_DOC_MAX_STEPS);
    p->doc->steps = arena_array(p->a, struct doc_step, count);
    for (size_t i = 0; i < count; i++)
        PASS(read_plugin(p, config->map.members[i].key, config->map.members[i].value));
    return 0;
}

/* --- schema 2.x ----------------------------------------------------------- */

static bool is_platform(struct str s)
{
    for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
        if (str_ieq(s, str_of(platforms[i])))
            return true;
    return false;
}

static int read_precondition(struct parser *p, struct doc_step *step, const struct value *v)
{
    const struct value *operands = value_get(v, S("StringEquals"));
    struct str left = value_str(value_at(operands, 0)), right = value_str(value_at(operands, 1));

    if (!v)
        return 0;
    if (!str_eq(p->doc->schema, S("2.2")))
        return refuse(p, "A precondition needs schema version 2.2.");
    if (value_count(v) != 1 || value_count(operands) != 2 || !str_is_set(left) ||
        !str_is_set(right))
        return refuse(p, "The precondition of %.*s must be StringEquals with two strings.",
                      STR(step->name));
    if (str_eq(right, S("platformType"))) {
        right = left;
        left = S("platformType");
    }
    if (str_eq(left, S("platformType"))) {
        if (!is_platform(right))
            return refuse(p, "The precondition of %.*s names no platform.", STR(step->name));
        step->platform = right;
        return 0;
    }
    if (str_eq(left, right) || (!str_contains(left, S("{{")) && !str_contains(right, S("{{"))))
        return refuse(p, "The precondition of %.*s must contain a parameter.", STR(step->name));
    return 0;
}

static int read_step(struct parser *p, const struct value *v, bool is_last)
{
    static const char *const known[] = { "action",      "name",           "inputs", "precondition",
                                         "description", "timeoutSeconds", NULL };
    struct str name = value_get_str(v, S("name")), action = value_get_str(v, S("action"));

    PASS(check_members(p, v, known, S("A step")));
    if (name.len == 0 || name.len > 128 || !str_is_word(name, "_-"))
        return refuse(p, "Each step needs a name of letters, digits, _ and -.");
    for (size_t i = 0; i < p->doc->n_steps; i++)
        if (str_eq(p->doc->steps[i].name, name))
            return refuse(p, "Two steps have the name %.*s.", STR(name));
    PASS(check_action(p, action));
    const struct value *inputs = value_get(v, S("inputs")), *at_step;
    if (!value_is(inputs, VALUE_MAP))
        return refuse(p, "The step %.*s needs inputs.", STR(name));
    at_step = value_get(v, S("timeoutSeconds"));
    if (at_step && !value_is(at_step, VALUE_INT)) /* the agent could not read the document */
        return refuse(p, "timeoutSeconds of the step %.*s must be a number.", STR(name));

    if (at_step && str_eq(action, S("aws:runDocument")))
        return refuse(p, "The step %.*s runs a document: the timeouts are its steps'.", STR(name));
    PASS(check_inputs(p, name, action, inputs, is_last));

    struct doc_step *step = add_step(p, name, action);
    step->inputs = inputs;
    step->timeout = value_get(inputs, S("timeoutSeconds"));
    if (!step->timeout)
        step->timeout = at_step;
    return read_precondition(p, step, value_get(v, S("precondition")));
}

static int read_main_steps(struct parser *p, const struct value *steps)
{
    size_t count = value_count(steps);

    if (!value_is(steps, VALUE_LIST) || count == 0 || count > COMMAND_DOC_MAX_STEPS)
        return refuse(p, "mainSteps must be a list of 1 to %d steps.", COMMAND_DOC_MAX_STEPS);
    p->doc->steps = arena_array(p->a, struct doc_step, count);
    for (size_t i = 0; i < count; i++)
        PASS(read_step(p, value_at(steps, i), i + 1 == count));
    return 0;
}

static int read_document(struct parser *p, const struct value *root)
{
    static const char *const old[] = { "schemaVersion", "description", "parameters",
                                       "runtimeConfig", NULL };
    static const char *const new[] = { "schemaVersion", "description", "parameters", "mainSteps",
                                       NULL };
    bool is_old = str_eq(p->doc->schema, S("1.2"));

    PASS(check_members(p, root, is_old ? old : new, S("The document")));
    if (has_store_reference(root))
        return refuse(p, "References to Parameter Store parameters are not supported.");
    p->doc->description = value_get_str(root, S("description"));
    const struct value *parameters = value_get(root, S("parameters"));
    if (parameters)
        PASS(doc_parameters_read(p->a, parameters, p->doc, &p->why));
    return is_old ? read_runtime_config(p, value_get(root, S("runtimeConfig")))
                  : read_main_steps(p, value_get(root, S("mainSteps")));
}

int command_doc_parse(struct arena *a, const struct value *root, struct command_doc *ret,
                      struct str *ret_why)
{
    struct parser p = { .a = a, .doc = ret };

    *ret = (struct command_doc){ .schema = value_text(a, value_get(root, S("schemaVersion"))) };
    if (!str_eq(ret->schema, S("1.2")) && !str_eq(ret->schema, S("2.0")) &&
        !str_eq(ret->schema, S("2.2"))) {
        *ret_why = S("The schemaVersion of a Command document must be 1.2, 2.0 or 2.2.");
        return COMMAND_DOC_SCHEMA;
    }
    int result = read_document(&p, root);
    if (result == COMMAND_DOC_INVALID)
        *ret_why = p.why;
    return result;
}

/* --- of a run ------------------------------------------------------------- */

/* "{{ name }}" stands for a parameter; whatever else is in a timeout stands for itself. */
static struct str resolve(struct arena *a, const struct command_doc *doc,
                          const struct value *arguments, const struct value *v)
{
    struct str text = str_trim(value_text(a, v));

    if (!str_starts(text, S("{{")) || !str_ends(text, S("}}")) || text.len < 4)
        return text;
    struct str name = str_trim(str_slice(text, 2, text.len - 4));
    const struct value *given = value_get(arguments, name);
    for (size_t i = 0; !given && i < doc->n_parameters; i++)
        if (str_eq(doc->parameters[i].name, name))
            given = doc->parameters[i].fallback;
    return str_trim(value_text(a, given));
}

static msec step_timeout(struct str text)
{
    struct str whole, fraction;
    int64_t seconds;

    str_cut(text, '.', &whole, &fraction);
    if (!str_to_int(whole, &seconds) || seconds < 5 || seconds > 172800)
        return COMMAND_DOC_STEP_TIMEOUT;
    return seconds * MSEC_SECOND;
}

static bool is_for_linux(const struct doc_step *step)
{
    return !str_is_set(step->platform) || str_ieq(step->platform, S("Linux"));
}

msec command_doc_timeout(struct arena *a, const struct command_doc *doc,
                         const struct value *arguments)
{
    msec total = 0;

    for (size_t i = 0; i < doc->n_steps; i++)
        if (is_for_linux(&doc->steps[i]))
            total += step_timeout(resolve(a, doc, arguments, doc->steps[i].timeout));
    return total ? total : MSEC_HOUR;
}

/* Each value that is one reference, filled in; as a node would, for as much as a timeout needs. */
static struct value *resolve_all(struct arena *a, const struct command_doc *doc,
                                 const struct value *arguments, const struct value *map)
{
    struct value *filled = value_map(a), *parsed;

    if (value_is(map, VALUE_STRING) &&
        json_parse(a, resolve(a, doc, arguments, map), &parsed, NULL) == 0)
        map = parsed;
    for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++) {
        const struct value_member *m = &map->map.members[i];
        if (value_is(m->value, VALUE_STRING))
            value_set_str(a, filled, m->key, resolve(a, doc, arguments, m->value));
    }
    return filled;
}

bool command_doc_runs(struct arena *a, const struct command_doc *doc, const struct value *arguments,
                      size_t step, struct doc_run *ret)
{
    const struct doc_step *s = &doc->steps[step];
    struct str path = resolve(a, doc, arguments, value_get(s->inputs, S("documentPath")));
    ptrdiff_t colon = str_rfind(path, ':'), slash = str_rfind(path, '/');

    if (!is_for_linux(s) || !str_eq(s->action, S("aws:runDocument")) ||
        !str_eq(value_get_str(s->inputs, S("documentType")), S("SSMDocument")))
        return false;
    *ret =
        (struct doc_run){ .name = path,
                          .arguments = resolve_all(a, doc, arguments,
                                                   value_get(s->inputs, S("documentParameters"))) };
    if (colon > slash && (slash >= 0 || !str_starts(path, S("arn:")))) {
        ret->name = str_slice(path, 0, (size_t)colon);
        ret->version = str_from(path, (size_t)colon + 1);
    }
    return true;
}

struct str command_doc_platforms(struct arena *a, const struct command_doc *doc)
{
    struct buf b = buf_in(a);

    for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
        bool runs = false;
        for (size_t s = 0; s < doc->n_steps; s++) {
            const struct doc_step *step = &doc->steps[s];
            runs = runs ||
                   ((action_platforms(step->action) & BIT(i)) &&
                    (!str_is_set(step->platform) || str_ieq(step->platform, str_of(platforms[i]))));
        }
        if (runs)
            buf_fmt(&b, "%s%s", b.len ? "," : "", platforms[i]);
    }
    return buf_str(&b);
}
