/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of each action: its inputs and outputs. One table row an
 * action; an action that is not here is refused.
 */
#include "engine/interpolate.h"
#include "engine/rate.h"
#include "engine/runbook.h"

enum input_kind {
    INPUT_TEXT,
    INPUT_NUMBER,
    INPUT_LIST, /* or one reference to a list */
    INPUT_MAP,
    INPUT_MAPS, /* a list of maps */
    INPUT_CONCURRENCY,
    INPUT_ERRORS,
};

struct input {
    struct str name;
    enum input_kind kind;
    bool is_required;
};

struct action {
    struct str name;
    const struct input *inputs;
    size_t n_inputs;
    struct str one_of[2]; /* exactly one of these two inputs, where set */
    struct str outputs[4];
};

static const struct input run_command_inputs[] = {
    { S_INIT("DocumentName"), INPUT_TEXT, true },
    { S_INIT("DocumentVersion"), INPUT_TEXT, false },
    { S_INIT("InstanceIds"), INPUT_LIST, false },
    { S_INIT("Targets"), INPUT_MAPS, false },
    { S_INIT("Parameters"), INPUT_MAP, false },
    { S_INIT("Comment"), INPUT_TEXT, false },
    { S_INIT("DocumentHash"), INPUT_TEXT, false },
    { S_INIT("DocumentHashType"), INPUT_TEXT, false },
    { S_INIT("NotificationConfig"), INPUT_MAP, false },
    { S_INIT("OutputS3BucketName"), INPUT_TEXT, false },
    { S_INIT("OutputS3KeyPrefix"), INPUT_TEXT, false },
    { S_INIT("ServiceRoleArn"), INPUT_TEXT, false },
    { S_INIT("TimeoutSeconds"), INPUT_NUMBER, false },
    { S_INIT("CloudWatchOutputConfig"), INPUT_MAP, false },
    { S_INIT("MaxConcurrency"), INPUT_CONCURRENCY, false },
    { S_INIT("MaxErrors"), INPUT_ERRORS, false },
};

static const struct action actions[] = {
    {
        .name = S_INIT("aws:runCommand"),
        .inputs = run_command_inputs,
        .n_inputs = ARRAY_LEN(run_command_inputs),
        .one_of = { S_INIT("InstanceIds"), S_INIT("Targets") },
        .outputs = { S_INIT("CommandId"), S_INIT("Status"), S_INIT("ResponseCode"),
                     S_INIT("Output") },
    },
};

static const struct action *find_action(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (str_eq(actions[i].name, name))
            return &actions[i];
    return NULL;
}

static const struct input *find_input(const struct action *action, struct str name)
{
    for (size_t i = 0; i < action->n_inputs; i++)
        if (str_eq(action->inputs[i].name, name))
            return &action->inputs[i];
    return NULL;
}

static bool is_list_of_maps(const struct value *v)
{
    if (!value_is(v, VALUE_LIST))
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (!value_is(v->list.items[i], VALUE_MAP) &&
            !str_is_set(reference_whole(value_str(v->list.items[i]))))
            return false;
    return true;
}

static bool is_limit(const struct value *v, bool of_errors)
{
    char digits[8] = { 0 };
    struct rate_limit limit;
    struct str text = value_str(v);

    if (str_contains(text, S("{{")))
        return true; /* seen when it is resolved */
    if (value_is(v, VALUE_INT) && v->integer >= 0 && v->integer < 10000000) {
        int64_t n = v->integer;
        size_t i = sizeof(digits) - 1;
        do
            digits[--i] = (char)('0' + n % 10);
        while ((n /= 10) > 0);
        text = str_of(digits + i);
    }
    return (of_errors ? rate_parse_errors(text, &limit) : rate_parse_concurrency(text, &limit)) ==
           0;
}

static bool fits(const struct value *v, enum input_kind kind)
{
    if (str_is_set(reference_whole(value_str(v))))
        return true; /* its type shows when it is resolved */
    switch (kind) {
    case INPUT_TEXT:
        return value_is(v, VALUE_STRING);
    case INPUT_NUMBER:
        return value_is(v, VALUE_INT) || value_is(v, VALUE_STRING);
    case INPUT_LIST:
        return value_is(v, VALUE_LIST);
    case INPUT_MAP:
        return value_is(v, VALUE_MAP);
    case INPUT_MAPS:
        return is_list_of_maps(v);
    case INPUT_CONCURRENCY:
        return is_limit(v, false);
    case INPUT_ERRORS:
        return is_limit(v, true);
    }
    return false;
}

static int check_inputs(struct arena *a, const struct action *action,
                        const struct runbook_step *step, struct str *ret_why)
{
    for (size_t i = 0; i < step->inputs->map.count; i++) {
        const struct value_member *member = &step->inputs->map.members[i];
        const struct input *input = find_input(action, member->key);

        if (input && fits(member->value, input->kind))
            continue;
        *ret_why = arena_fmt(a, "Step \"%.*s\": the input \"%.*s\" of %.*s is %s.", STR(step->name),
                             STR(str_slice(member->key, 0, 100)), STR(action->name),
                             input ? "not valid" : "not supported");
        return RUNBOOK_INVALID;
    }
    for (size_t i = 0; i < action->n_inputs; i++)
        if (action->inputs[i].is_required && !value_get(step->inputs, action->inputs[i].name)) {
            *ret_why = arena_fmt(a, "Step \"%.*s\": %.*s needs the input \"%.*s\".",
                                 STR(step->name), STR(action->name), STR(action->inputs[i].name));
            return RUNBOOK_INVALID;
        }
    return 0;
}

int runbook_check_action(struct arena *a, const struct runbook_step *step, struct str *ret_why)
{
    const struct action *action = find_action(step->action);

    if (!action) {
        *ret_why = arena_fmt(a, "Step \"%.*s\": action %.*s is not supported.", STR(step->name),
                             STR(step->action));
        return RUNBOOK_INVALID;
    }
    if (!value_is(step->inputs, VALUE_MAP)) {
        *ret_why = arena_fmt(a, "Step \"%.*s\" must have inputs.", STR(step->name));
        return RUNBOOK_INVALID;
    }
    PASS(check_inputs(a, action, step, ret_why));
    if (str_is_set(action->one_of[0]) && !value_get(step->inputs, action->one_of[0]) ==
                                             !value_get(step->inputs, action->one_of[1])) {
        *ret_why = arena_fmt(a, "Step \"%.*s\": %.*s needs one of the inputs %.*s and %.*s.",
                             STR(step->name), STR(action->name), STR(action->one_of[0]),
                             STR(action->one_of[1]));
        return RUNBOOK_INVALID;
    }
    return 0;
}

bool runbook_action_has_output(struct str name, struct str output)
{
    const struct action *action = find_action(name);

    for (size_t i = 0; action && i < ARRAY_LEN(action->outputs); i++)
        if (str_is_set(action->outputs[i]) && str_eq(action->outputs[i], output))
            return true;
    return false;
}
