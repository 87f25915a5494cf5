/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/document.h"

#include "agent/parameter.h"
#include "agent/precondition.h"
#include "base/buf.h"
#include "base/json.h"

#define TIMEOUT_MIN  5
#define TIMEOUT_MAX  172800
#define PATH_MAX_LEN 1024

struct schema {
    const char *version;
    bool has_main_steps, has_preconditions;
};

static const struct schema schemas[] = {
    { "1.0", false, false },  { "1.2", false, false },  { "2.0", true, false },
    { "2.0.1", true, false }, { "2.0.2", true, false }, { "2.0.3", true, false },
    { "2.2", true, true },
};

/* Plugins of the AWS agent that exist on Windows only: skipped where a document may be meant for
 * both, a failure where it may not. */
static const char *const windows_only[] = {
    "aws:applications",
    "aws:configureDaemon",
    "aws:psModule",
    "aws:updateAgent",
};

static const struct schema *find_schema(struct str version)
{
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        if (str_eq(version, str_of(schemas[i].version)))
            return &schemas[i];
    return NULL;
}

static bool is_windows_only(struct str action)
{
    for (size_t i = 0; i < ARRAY_LEN(windows_only); i++)
        if (str_eq(action, str_of(windows_only[i])))
            return true;
    return false;
}

/* "5" to "172800", as text or number; a fraction is cut off, all else is the default. */
static msec read_timeout(const struct value *v)
{
    int64_t seconds = 0;

    if (value_is(v, VALUE_INT)) {
        seconds = v->integer;
    } else if (value_is(v, VALUE_DOUBLE)) {
        if (v->number >= TIMEOUT_MIN && v->number <= TIMEOUT_MAX)
            seconds = (int64_t)v->number;
    } else if (value_is(v, VALUE_STRING)) {
        struct str whole, fraction;
        if (str_cut(str_trim(v->string), '.', &whole, &fraction) && !str_is_digits(fraction))
            return DOCUMENT_TIMEOUT_DEFAULT;
        if (!str_to_int(whole, &seconds))
            return DOCUMENT_TIMEOUT_DEFAULT;
    }
    if (seconds < TIMEOUT_MIN || seconds > TIMEOUT_MAX)
        return DOCUMENT_TIMEOUT_DEFAULT;
    return seconds * MSEC_SECOND;
}

static bool is_true(const struct value *v)
{
    if (value_is(v, VALUE_BOOL))
        return v->boolean;
    return str_ieq(value_str(v), S("true"));
}

/* Lines of the script, lists within the list included (a list parameter used as one line). */
static bool add_lines(struct arena *a, struct buf *b, const struct value *v)
{
    if (value_is(v, VALUE_LIST)) {
        for (size_t i = 0; i < v->list.count; i++)
            if (!add_lines(a, b, v->list.items[i]))
                return false;
        return true;
    }
    struct str line = value_text(a, v);
    if (!str_is_set(line) || b->len + line.len + 1 > DOCUMENT_MAX_SCRIPT)
        return false;
    if (memchr(line.p, '\0', line.len))
        return false;
    buf_add(b, line);
    buf_byte(b, '\n');
    return true;
}

static void fail(struct arena *a, struct document_step *step, const char *what)
{
    step->verdict = STEP_FAIL;
    step->reason = arena_fmt(a, "%s. Step name: %.*s", what, STR(step->name));
}

static void read_flow(struct arena *a, struct document_step *step, const struct value *inputs)
{
    struct str on_failure = value_text(a, value_get(inputs, S("onFailure")));
    struct str on_success = value_text(a, value_get(inputs, S("onSuccess")));

    if (str_ieq(on_failure, S("exit")))
        step->on_failure = ON_FAILURE_EXIT;
    else if (str_ieq(on_failure, S("successAndExit")))
        step->on_failure = ON_FAILURE_SUCCESS_AND_EXIT;
    else if (!str_is_empty(on_failure))
        fail(a, step, "The input onFailure must be exit or successAndExit");

    if (str_ieq(on_success, S("exit")))
        step->exit_on_success = true;
    else if (!str_is_empty(on_success))
        fail(a, step, "The input onSuccess must be exit");
}

static bool has_nul(struct str s)
{
    return s.len > 0 && memchr(s.p, '\0', s.len);
}

static void read_shell(struct arena *a, struct document_step *step, const struct value *inputs)
{
    const struct value *script = value_get(inputs, S("runCommand"));
    if (!script)
        script = value_get(inputs, S("commands"));
    if (!script) {
        fail(a, step, "The input runCommand is missing");
        return;
    }

    struct buf b = buf_in(a);
    if (!add_lines(a, &b, script)) {
        fail(a, step, "The input runCommand must be a list of strings of at most 1 MiB");
        return;
    }
    step->script = buf_str(&b);
    step->working_directory = value_text(a, value_get(inputs, S("workingDirectory")));
    if (has_nul(step->working_directory))
        fail(a, step, "The input workingDirectory has a NUL");
    step->timeout = read_timeout(value_get(inputs, S("timeoutSeconds")));
    read_flow(a, step, inputs);
}

/* "name:version" and "arn:...:document/name:version"; a version may be absent. */
static void split_version(struct document_step *step, struct str path)
{
    ptrdiff_t slash = str_rfind(path, '/'), colon = str_rfind(path, ':');

    step->path = path;
    if (colon > slash && (slash >= 0 || !str_starts(path, S("arn:")))) {
        step->path = str_slice(path, 0, (size_t)colon);
        step->version = str_from(path, (size_t)colon + 1);
    }
}

/* A map, or the text of one as JSON: a parameter of type String can only carry the text. */
static bool read_parameters(struct arena *a, struct document_step *step, const struct value *v)
{
    struct value *parsed;

    step->parameters = value_map(a);
    if (!v || value_is(v, VALUE_NULL) || (value_is(v, VALUE_STRING) && v->string.len == 0))
        return true;
    if (value_is(v, VALUE_STRING)) {
        if (json_parse(a, v->string, &parsed, NULL) != 0)
            return false;
        v = parsed;
    }
    step->parameters = v;
    return value_is(v, VALUE_MAP);
}

static void read_document(struct arena *a, struct document_step *step, const struct value *inputs)
{
    struct str type = value_text(a, value_get(inputs, S("documentType")));
    struct str path = str_trim(value_text(a, value_get(inputs, S("documentPath"))));

    step->kind = STEP_DOCUMENT;
    step->is_local = str_eq(type, S("LocalPath"));
    read_flow(a, step, inputs);
    if (!step->is_local && !str_eq(type, S("SSMDocument")))
        fail(a, step, "The input documentType must be SSMDocument or LocalPath");
    else if (str_is_empty(path) || path.len > PATH_MAX_LEN || has_nul(path))
        fail(a, step, "The input documentPath must have 1 to 1024 characters");
    else if (step->is_local && path.p[0] != '/')
        fail(a, step,
             "This agent downloads no content: a documentPath of the type LocalPath "
             "must be absolute");
    else if (!read_parameters(a, step, value_get(inputs, S("documentParameters"))))
        fail(a, step, "The input documentParameters must be an object, or one as JSON text");
    else if (value_get(inputs, S("timeoutSeconds")))
        fail(a, step, "aws:runDocument takes no timeoutSeconds: the steps of its document do");
    else if (step->is_local)
        step->path = path;
    else
        split_version(step, path);
}

/* What the plugin is to this agent; reads the inputs of those it has. */
static void judge_action(struct arena *a, struct document_step *step, bool may_skip,
                         const struct value *inputs)
{
    if (str_eq(step->action, S("aws:runShellScript"))) {
        read_shell(a, step, inputs);
    } else if (str_eq(step->action, S("aws:runDocument"))) {
        read_document(a, step, inputs);
    } else if (is_windows_only(step->action) && may_skip) {
        step->verdict = STEP_SKIP;
        step->reason = arena_fmt(a,
                                 "Step execution skipped due to incompatible platform. "
                                 "Step name: %.*s",
                                 STR(step->name));
    } else {
        fail(a, step,
             arena_fmt(a,
                       "Plugin with name %.*s is not supported by this version of ssm agent, "
                       "please update to latest version",
                       STR(step->action))
                 .p);
    }
}

static void judge_precondition(struct arena *a, struct document_step *step,
                               const struct value *precondition, const struct schema *schema,
                               const struct value *values)
{
    struct str why;

    if (!precondition || value_is(precondition, VALUE_NULL))
        return;
    if (!schema->has_preconditions) {
        fail(a, step,
             arena_fmt(a, "Precondition is not supported for document schema version %s",
                       schema->version)
                 .p);
        return;
    }
    switch (precondition_decide(a, precondition, values, &why)) {
    case PRECONDITION_MET:
        break;
    case PRECONDITION_UNMET:
        step->verdict = STEP_SKIP;
        step->reason = arena_fmt(a,
                                 "Step execution skipped due to unsatisfied preconditions: "
                                 "'%.*s'. Step name: %.*s",
                                 STR(why), STR(step->name));
        break;
    case PRECONDITION_INVALID:
        fail(a, step, arena_fmt(a, "Unrecognized precondition(s): '%.*s'", STR(why)).p);
        break;
    }
}

static int refuse(struct arena *a, struct str *ret_why, const char *why)
{
    *ret_why = arena_dup(a, str_of(why));
    return DOCUMENT_REFUSED;
}

/* Step names key the reply, so they must differ. */
static int check_id(struct arena *a, const struct document *d, struct str id, struct str *ret_why)
{
    if (str_is_empty(id) || id.len > 128)
        return refuse(a, ret_why, "A step of the document needs a name of 1 to 128 characters");
    for (size_t i = 0; i < d->count; i++)
        if (str_eq(d->steps[i].id, id))
            return refuse(a, ret_why,
                          arena_fmt(a, "The document has two steps named %.*s", STR(id)).p);
    return 0;
}

static int add_main_step(struct arena *a, const struct schema *schema, const struct value *step,
                         const struct value *values, bool is_last, struct document *d,
                         struct str *ret_why)
{
    struct str action = value_get_str(step, S("action"));
    struct str name = value_get_str(step, S("name"));
    const struct value *timeout = value_get(step, S("timeoutSeconds"));

    PASS(check_id(a, d, name, ret_why));
    if (str_is_empty(action))
        return refuse(a, ret_why, arena_fmt(a, "Step %.*s has no action", STR(name)).p);
    if (timeout && !value_is(timeout, VALUE_INT))
        return refuse(a, ret_why,
                      arena_fmt(a, "timeoutSeconds of step %.*s must be an integer", STR(name)).p);

    struct value *inputs = parameter_fill(a, value_get(step, S("inputs")), values);
    if (timeout && !value_get(inputs, S("timeoutSeconds")) && value_is(inputs, VALUE_MAP))
        value_set(a, inputs, S("timeoutSeconds"), value_copy(a, timeout));

    struct document_step *added = &d->steps[d->count++];
    *added = (struct document_step){ .id = name, .name = name, .action = action };
    added->is_finally = is_last && is_true(value_get(inputs, S("finallyStep")));
    judge_precondition(a, added, value_get(step, S("precondition")), schema, values);
    if (added->verdict == STEP_RUN)
        judge_action(a, added, schema->has_preconditions, inputs);
    return 0;
}

static int add_plugin(struct arena *a, struct str action, const struct value *plugin,
                      const struct value *values, struct document *d, struct str *ret_why)
{
    const struct value *properties = value_get(plugin, S("properties"));

    PASS(check_id(a, d, action, ret_why));
    if (value_is(properties, VALUE_LIST)) {
        if (properties->list.count != 1)
            return refuse(a, ret_why,
                          "This agent takes exactly one entry in the properties of a plugin");
        properties = properties->list.items[0];
    }
    if (!value_is(properties, VALUE_MAP))
        return refuse(a, ret_why, "The properties of a plugin must be an object");

    struct value *inputs = parameter_fill(a, properties, values);
    struct str id = value_get_str(inputs, S("id"));
    struct document_step *added = &d->steps[d->count++];
    *added = (struct document_step){ .id = action,
                                     .name = str_is_empty(id) ? action : id,
                                     .action = action };
    judge_action(a, added, false, inputs);
    return 0;
}

static int add_steps(struct arena *a, const struct schema *schema, const struct value *content,
                     const struct value *values, struct document *d, struct str *ret_why)
{
    const struct value *steps =
        value_get(content, schema->has_main_steps ? S("mainSteps") : S("runtimeConfig"));
    enum value_type type = schema->has_main_steps ? VALUE_LIST : VALUE_MAP;

    if (!value_is(steps, type) || value_count(steps) == 0)
        return refuse(a, ret_why, "The document has no steps");
    if (value_count(steps) > DOCUMENT_MAX_STEPS)
        return refuse(a, ret_why, "The document has more than 100 steps");

    d->steps = arena_array(a, struct document_step, value_count(steps));
    for (size_t i = 0; i < value_count(steps); i++) {
        if (type == VALUE_LIST)
            PASS(add_main_step(a, schema, steps->list.items[i], values, i + 1 == steps->list.count,
                               d, ret_why));
        else
            PASS(add_plugin(a, steps->map.members[i].key, steps->map.members[i].value, values, d,
                            ret_why));
    }
    return 0;
}

static int check_output(struct arena *a, const struct value *payload, struct str *ret_why)
{
    if (!str_is_empty(value_get_str(payload, S("OutputS3BucketName"))))
        return refuse(a, ret_why, "This agent does not write command output to S3");
    if (is_true(value_get(payload, S("CloudWatchOutputEnabled"))))
        return refuse(a, ret_why, "This agent does not write command output to CloudWatch Logs");
    return 0;
}

int document_plan(struct arena *a, const struct value *payload, struct document *ret,
                  struct str *ret_why)
{
    const struct value *content = value_get(payload, S("DocumentContent"));
    struct str version = value_get_str(content, S("schemaVersion"));
    const struct schema *schema = find_schema(version);
    struct document d = { .name = value_get_str(payload, S("DocumentName")) };
    struct value *values;

    if (!value_is(content, VALUE_MAP))
        return refuse(a, ret_why, "The command has no document");
    if (!schema)
        return refuse(a, ret_why,
                      arena_fmt(a,
                                "Document with schema version %.*s is not supported by this "
                                "version of ssm agent, please update to latest version",
                                STR(version))
                          .p);
    PASS(check_output(a, payload, ret_why));
    if (parameter_has_remote(value_get(payload, S("Parameters"))) || parameter_has_remote(content))
        return refuse(a, ret_why, "This agent does not resolve {{ssm:...}} references");

    int result = parameter_values(a, value_get(content, S("parameters")),
                                  value_get(payload, S("Parameters")), &values, ret_why);
    if (result == PARAMETER_REFUSED)
        return DOCUMENT_REFUSED;
    TRY(result);
    PASS(add_steps(a, schema, content, values, &d, ret_why));
    *ret = d;
    return 0;
}
