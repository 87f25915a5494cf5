/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/runcommand_view.h"

#include "base/json.h"
#include "base/time.h"
#include "svc/ssm/errors.h"

struct filter {
    struct str key, value;
};

static const char *const filter_keys[] = { "InvokedAfter",   "InvokedBefore", "Status",
                                           "ExecutionStage", "DocumentName",  NULL };

/* clang-format off */
static const struct field filter_fields[] = {
    STRING(struct filter, key,   "key",   REQUIRED, .values = filter_keys),
    STRING(struct filter, value, "value", REQUIRED, LENGTH(1, 128)),
};
const struct shape command_filter_shape = SHAPE("CommandFilter", struct filter, filter_fields);

#define C struct command_view
static const struct field view_fields[] = {
    STRING(C,    id,                       "CommandId",             OPTIONAL),
    STRING(C,    document_name,            "DocumentName",          OPTIONAL),
    STRING(C,    document_version,         "DocumentVersion",       OPTIONAL),
    STRING(C,    comment,                  "Comment",               OPTIONAL),
    TIMESTAMP(C, expires_at,               "ExpiresAfter",          OPTIONAL),
    STRS_MAP(C,  parameters,               "Parameters",            SENSITIVE),
    STRINGS(C,   instance_ids,             "InstanceIds",           OPTIONAL),
    LIST(C,      targets,                  "Targets",               OPTIONAL, target_shape),
    TIMESTAMP(C, requested_at,             "RequestedDateTime",     OPTIONAL),
    STRING(C,    status,                   "Status",                OPTIONAL),
    STRING(C,    detail,                   "StatusDetails",         OPTIONAL),
    STRING(C,    max_concurrency,          "MaxConcurrency",        OPTIONAL),
    STRING(C,    max_errors,               "MaxErrors",             OPTIONAL),
    INTEGER(C,   target_count,             "TargetCount",           OPTIONAL),
    INTEGER(C,   completed_count,          "CompletedCount",        OPTIONAL),
    INTEGER(C,   error_count,              "ErrorCount",            OPTIONAL),
    INTEGER(C,   delivery_timed_out_count, "DeliveryTimedOutCount", OPTIONAL),
    INTEGER(C,   timeout_seconds,          "TimeoutSeconds",        OPTIONAL),
};
#undef C
const struct shape command_view_shape = SHAPE("Command", struct command_view, view_fields);
/* clang-format on */

struct str strs_format(struct arena *a, struct strs list)
{
    return json_format(a, value_strings(a, list));
}

static struct strs strs_of(struct arena *a, const struct value *v)
{
    struct strs list = { arena_array(a, struct str, value_count(v) + 1), value_count(v) };

    for (size_t i = 0; i < list.count; i++)
        list.items[i] = value_str(value_at(v, i));
    return list;
}

int strs_parse(struct arena *a, struct str text, struct strs *ret)
{
    struct value *v;

    TRY(json_parse(a, text, &v, NULL));
    *ret = strs_of(a, v);
    return 0;
}

struct str targets_format(struct arena *a, const struct list *targets)
{
    struct value *v = value_list(a);

    for (size_t i = 0; i < targets->count; i++) {
        const struct target *t = LIST_ITEM(struct target, *targets, i);
        struct value *item = value_map(a);
        value_set_str(a, item, S("Key"), t->key);
        value_set(a, item, S("Values"), value_strings(a, t->values));
        value_append(a, v, item);
    }
    return json_format(a, v);
}

int targets_parse(struct arena *a, struct str text, struct list *ret)
{
    struct value *v;

    TRY(json_parse(a, text, &v, NULL));
    struct target *items = arena_array(a, struct target, value_count(v) + 1);
    for (size_t i = 0; i < value_count(v); i++)
        items[i] = (struct target){ value_get_str(value_at(v, i), S("Key")),
                                    strs_of(a, value_get(value_at(v, i), S("Values"))) };
    *ret = (struct list){ items, value_count(v) };
    return 0;
}

/* A command that still waits for its targets has no counts. */
static int view_counts(struct op *op, struct str state, struct command_view *v)
{
    struct value *saved;
    struct command c;

    v->target_count = v->completed_count = v->error_count = v->delivery_timed_out_count = 0;
    if (!str_is_set(state))
        return 0;
    TRY(json_parse(op->arena, state, &saved, NULL));
    if (!command_load(saved, &c))
        return FAULT(EINVAL);
    v->target_count = c.rate.n_targets;
    v->completed_count = command_completed_count(&c);
    v->error_count = command_error_count(&c);
    v->delivery_timed_out_count = command_delivery_timed_out_count(&c);
    return 0;
}

int command_view(struct op *op, const struct runcommand_view *row, struct command_view *ret)
{
    *ret = (struct command_view){
        .id = row->id,
        .document_name = row->document_name,
        .document_version = row->document_version,
        .comment = row->comment,
        .status = row->status,
        .detail = row->detail,
        .max_concurrency = row->max_concurrency,
        .max_errors = row->max_errors,
        .requested_at = row->requested_at,
        .expires_at = row->expires_at,
        .timeout_seconds = row->timeout_seconds,
    };
    TRY(json_parse(op->arena, row->parameters, &ret->parameters, NULL));
    TRY(strs_parse(op->arena, row->instance_ids, &ret->instance_ids));
    TRY(targets_parse(op->arena, row->targets, &ret->targets));
    return view_counts(op, row->state, ret);
}

static int bad_value(struct op *op, const struct filter *f)
{
    return op_invalid(op, "The value %.*s of the filter %.*s is not valid.", STR(f->value),
                      STR(f->key));
}

int command_filters_read(struct op *op, const struct list *in, bool stage,
                         struct command_filters *ret)
{
    *ret = (struct command_filters){ .before = INT64_MAX, .is_over = -1 };
    for (size_t i = 0; i < in->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *in, i);
        if (str_eq(f->key, S("Status"))) {
            ret->status = f->value;
        } else if (str_eq(f->key, S("DocumentName"))) {
            ret->document_name = f->value;
        } else if (str_eq(f->key, S("InvokedAfter"))) {
            if (!time_parse_iso(f->value, &ret->after))
                return bad_value(op, f);
        } else if (str_eq(f->key, S("InvokedBefore"))) {
            if (!time_parse_iso(f->value, &ret->before))
                return bad_value(op, f);
        } else if (!stage) {
            return op_fail(op, SSM_INVALID_FILTER_KEY, "The filter key %.*s is not supported here.",
                           STR(f->key));
        } else {
            ret->is_over = str_eq(f->value, S("Complete"));
            if (!ret->is_over && !str_eq(f->value, S("Executing")))
                return bad_value(op, f);
        }
    }
    /* The guide's spellings of two details. */
    if (str_eq(ret->status, S("LimitExceeded")))
        ret->status = S("RateExceeded");
    if (str_eq(ret->status, S("Canceled")))
        ret->status = S("Cancelled");
    return 0;
}
