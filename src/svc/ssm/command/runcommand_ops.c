/* SPDX-License-Identifier: Apache-2.0 */
/* SendCommand and CancelCommand. */
#include "api/task.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/command/command_doc.h"
#include "svc/ssm/document/document_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/command/runcommand_view.h"

struct notification {
    struct str arn, type;
    struct strs events;
};

struct cloudwatch {
    struct str group;
    bool is_enabled;
};

struct alarm {
    struct str name;
};

struct alarms {
    bool ignores_failure;
    struct list alarms;
};

struct send_in {
    struct strs instance_ids;
    struct list targets;
    struct str document_name, document_version, hash, hash_type, comment;
    int64_t timeout_seconds;
    struct value *parameters;
    struct str s3_region, s3_bucket, s3_prefix, max_concurrency, max_errors, service_role;
    struct notification *notification;
    struct cloudwatch *cloudwatch;
    struct alarms *alarms;
};

struct send_out {
    struct command_view *command;
};

struct cancel_in {
    struct str id;
    struct strs instance_ids;
};

static const char *const events[] = { "All",       "InProgress", "Success", "TimedOut",
                                      "Cancelled", "Failed",     NULL };
static const char *const notification_types[] = { "Command", "Invocation", NULL };

/* clang-format off */
static const struct field notification_fields[] = {
    STRING(struct notification,  arn,    "NotificationArn",    OPTIONAL),
    STRINGS(struct notification, events, "NotificationEvents", OPTIONAL, .values = events),
    STRING(struct notification,  type,   "NotificationType",   OPTIONAL,
           .values = notification_types),
};
static const struct shape notification_shape =
    SHAPE("NotificationConfig", struct notification, notification_fields);

static const struct field cloudwatch_fields[] = {
    STRING(struct cloudwatch,  group,      "CloudWatchLogGroupName",  OPTIONAL, LENGTH(1, 512)),
    BOOLEAN(struct cloudwatch, is_enabled, "CloudWatchOutputEnabled", OPTIONAL),
};
static const struct shape cloudwatch_shape =
    SHAPE("CloudWatchOutputConfig", struct cloudwatch, cloudwatch_fields);

static const struct field alarm_fields[] = {
    STRING(struct alarm, name, "Name", REQUIRED, LENGTH(1, 255)),
};
static const struct shape alarm_shape = SHAPE("Alarm", struct alarm, alarm_fields);

static const struct field alarms_fields[] = {
    BOOLEAN(struct alarms, ignores_failure, "IgnorePollAlarmFailure", OPTIONAL),
    LIST(struct alarms,    alarms,          "Alarms",                 REQUIRED, alarm_shape,
         .min = 1, .max = 1),
};
static const struct shape alarms_shape =
    SHAPE("AlarmConfiguration", struct alarms, alarms_fields);

#define S_IN struct send_in
static const struct field send_in_fields[] = {
    STRINGS(S_IN,  instance_ids,     "InstanceIds",        OPTIONAL, .max = 50, CHECK_INSTANCE_ID),
    LIST(S_IN,     targets,          "Targets",            OPTIONAL, target_shape, .max = 5),
    STRING(S_IN,   document_name,    "DocumentName",       REQUIRED, CHECK_DOCUMENT_ARN),
    STRING(S_IN,   document_version, "DocumentVersion",    OPTIONAL, CHECK_VERSION),
    STRING(S_IN,   hash,             "DocumentHash",       OPTIONAL, .max = 256),
    STRING(S_IN,   hash_type,        "DocumentHashType",   OPTIONAL, .values = document_hash_types),
    INTEGER(S_IN,  timeout_seconds,  "TimeoutSeconds",     OPTIONAL, RANGE(30, 2592000),
            DEFAULT(3600)),
    STRING(S_IN,   comment,          "Comment",            OPTIONAL, .max = 100),
    STRS_MAP(S_IN, parameters,       "Parameters",         SENSITIVE),
    STRING(S_IN,   s3_region,        "OutputS3Region",     OPTIONAL, LENGTH(3, 20)),
    STRING(S_IN,   s3_bucket,        "OutputS3BucketName", OPTIONAL, LENGTH(3, 63)),
    STRING(S_IN,   s3_prefix,        "OutputS3KeyPrefix",  OPTIONAL, .max = 500),
    STRING(S_IN,   max_concurrency,  "MaxConcurrency",     OPTIONAL, LENGTH(1, 7)),
    STRING(S_IN,   max_errors,       "MaxErrors",          OPTIONAL, LENGTH(1, 7)),
    STRING(S_IN,   service_role,     "ServiceRoleArn",     OPTIONAL),
    STRUCT(S_IN,   notification,     "NotificationConfig", OPTIONAL, notification_shape),
    STRUCT(S_IN,   cloudwatch,       "CloudWatchOutputConfig", OPTIONAL, cloudwatch_shape),
    STRUCT(S_IN,   alarms,           "AlarmConfiguration", OPTIONAL, alarms_shape),
};
#undef S_IN
static const struct shape send_in_shape =
    SHAPE("SendCommandRequest", struct send_in, send_in_fields);

static const struct field send_out_fields[] = {
    STRUCT(struct send_out, command, "Command", OPTIONAL, command_view_shape),
};
static const struct shape send_out_shape =
    SHAPE("SendCommandResult", struct send_out, send_out_fields);

static const struct field cancel_in_fields[] = {
    STRING(struct cancel_in,  id,           "CommandId",   REQUIRED, LENGTH(36, 36)),
    STRINGS(struct cancel_in, instance_ids, "InstanceIds", OPTIONAL, .max = 50, CHECK_INSTANCE_ID),
};
static const struct shape cancel_in_shape =
    SHAPE("CancelCommandRequest", struct cancel_in, cancel_in_fields);
/* clang-format on */

/* --- what the request says ------------------------------------------------ */

/* Nothing is accepted and then ignored. A name of a log group by itself asks for nothing. */
static int check_supported(struct op *op, const struct send_in *in)
{
    if (str_is_set(in->s3_bucket) || str_is_set(in->s3_prefix) || str_is_set(in->s3_region))
        return op_fail(op, OP_UNSUPPORTED,
                       "Output to S3 is not supported yet: leave out "
                       "OutputS3BucketName, -KeyPrefix and -Region.");
    if (in->cloudwatch && in->cloudwatch->is_enabled)
        return op_fail(op, OP_UNSUPPORTED,
                       "Output to CloudWatch Logs is not supported yet: "
                       "leave out CloudWatchOutputConfig.");
    if (in->notification || str_is_set(in->service_role))
        return op_fail(op, OP_UNSUPPORTED,
                       "Notifications are not supported yet: leave out "
                       "NotificationConfig and ServiceRoleArn.");
    if (in->alarms)
        return op_fail(op, OP_UNSUPPORTED,
                       "Alarms are not supported yet: leave out AlarmConfiguration.");
    return 0;
}

static int check_where(struct op *op, const struct send_in *in)
{
    bool has_ids = in->instance_ids.count > 0, has_targets = in->targets.count > 0;

    if (has_ids == has_targets)
        return op_invalid(op, "Give either InstanceIds or Targets.");
    for (size_t i = 0; i < in->instance_ids.count; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(in->instance_ids.items[i], in->instance_ids.items[k]))
                return op_fail(op, SSM_DUPLICATE_INSTANCE_ID,
                               "The instance ID %.*s is given twice.",
                               STR(in->instance_ids.items[i]));
    return runcommand_check_targets(op, &in->targets);
}

static int check_hash(struct op *op, const struct send_in *in, const struct document *d)
{
    struct str hash = d->hash;

    if (!str_is_set(in->hash))
        return 0;
    if (str_eq(in->hash_type, S("Sha1")))
        hash = hex_encode(op->arena, sha1(op->arena, d->content));
    if (!str_ieq(hash, in->hash))
        return op_fail(op, SSM_INVALID_DOCUMENT, "The document's hash is not the one given.");
    return 0;
}

/* InstanceIds: the caller must be allowed on every one, and all must be registered. */
static int check_instances(struct op *op, struct strs ids, const struct document *d)
{
    struct str rest = d->platforms, platform;
    struct node n;
    bool runs_on_linux = false;

    while (str_next(&rest, ',', &platform))
        runs_on_linux = runs_on_linux || str_eq(platform, S("Linux"));
    for (size_t i = 0; i < ids.count; i++) {
        struct str arn = node_arn(op, ids.items[i]);
        if (str_starts(ids.items[i], S("i-")))
            arn = op_arn(op, "ec2", "instance/%.*s", STR(ids.items[i]));
        struct auth auth = { .action = S("ssm:SendCommand"), .resource = arn, .tags_of = arn };
        PASS(op_authorize(op, &auth));
        PASS(node_get(op, ids.items[i], &n));
    }
    if (ids.count > 0 && !runs_on_linux)
        return op_fail(op, SSM_UNSUPPORTED_PLATFORM_TYPE,
                       "The document %.*s does not run on Linux.", STR(d->name));
    return 0;
}

/* --- the command ---------------------------------------------------------- */

struct draft {
    struct document document;
    struct runcommand c;
    struct runcommand_text t;
};

static struct str step_names(struct arena *a, const struct command_doc *doc)
{
    struct value *names = value_list(a);

    for (size_t i = 0; i < doc->n_steps; i++)
        value_append(a, names, value_string(a, doc->steps[i].name));
    return json_format(a, names);
}

/* What the document makes of the request's parameters. */
static int draft_run(struct op *op, const struct send_in *in, struct draft *d)
{
    struct value *root, *arguments;
    struct command_doc doc;
    struct str why;

    PASS(document_tree(op, &d->document, &root));
    TRY(command_doc_parse(op->arena, root, &doc, &why));
    int typed = command_doc_arguments(op->arena, &doc, in->parameters, &arguments, &why);
    if (typed == COMMAND_DOC_INVALID)
        return op_fail(op, SSM_INVALID_PARAMETERS, "%.*s", STR(why));
    TRY(typed);
    d->t.content = json_format(op->arena, root);
    d->t.payload_parameters = json_format(op->arena, arguments);
    d->t.steps = step_names(op->arena, &doc);
    return runcommand_time(op, &doc, arguments, &d->t.execution_timeout);
}

static struct str or_default(struct str s, struct str otherwise)
{
    return str_is_set(s) ? s : otherwise;
}

static void draft_rows(struct op *op, const struct send_in *in, struct draft *d)
{
    struct arena *a = op->arena;
    const struct value *given = in->parameters ? in->parameters : value_map(a);

    d->t.document_version = or_default(in->document_version, S("$DEFAULT"));
    d->t.document_arn = document_arn(op, d->document.name);
    d->t.platforms = d->document.platforms;
    d->t.parameters = json_format(a, given);
    d->t.comment = or_default(in->comment, S(""));
    d->t.instance_ids = strs_format(a, in->instance_ids);
    d->t.targets = targets_format(a, &in->targets);
    d->t.max_concurrency = or_default(in->max_concurrency, S("50"));
    d->t.max_errors = or_default(in->max_errors, S("0"));
    d->t.principal = json_format(a, principal_to_value(op->principal, a));
    d->t.timeout_seconds = in->timeout_seconds;
    d->c = (struct runcommand){
        .id = random_uuid(a),
        .account = op->account,
        .region = op->region,
        .document_name = d->document.name,
        .status = command_status_name(COMMAND_PENDING),
        .detail = command_detail_name(COMMAND_PENDING),
        .requested_at = op->now,
        .expires_at = op->now + in->timeout_seconds * MSEC_SECOND + d->t.execution_timeout,
    };
}

static int find_command_document(struct op *op, const struct send_in *in, struct document *ret)
{
    PASS(document_get(op, in->document_name, in->document_version, (struct str){ 0 }, ret));
    if (!str_eq(ret->type, S("Command")))
        return op_fail(op, SSM_INVALID_DOCUMENT, "The document %.*s is not a Command document.",
                       STR(ret->name));
    return check_hash(op, in, ret);
}

/* A group belongs to another service: it is asked after the commit. */
static int begin(struct op *op, const struct send_in *in, const struct draft *d)
{
    struct task expand = { .kind = S(RUNCOMMAND_EXPAND_TASK), .key = d->c.id };
    struct strs nodes = in->instance_ids;

    if (str_is_set(runcommand_group(&in->targets))) {
        TRY(task_add(op, &expand));
        return 0;
    }
    if (in->targets.count > 0)
        PASS(runcommand_find_nodes(op, &in->targets, (struct strs){ 0 }, &nodes));
    TRY(runcommand_begin(op, d->c.id, op->principal, nodes, in->instance_ids.count > 0));
    return 0;
}

static int show(struct op *op, struct str id, struct send_out *out)
{
    struct runcommand_view row;

    TRY(runcommand_view_get(op, id, &row));
    out->command = arena_new(op->arena, struct command_view);
    return command_view(op, &row, out->command);
}

static int accept(struct op *op, const struct send_in *in, struct str owner, struct send_out *out)
{
    struct draft d = { 0 };

    PASS(check_supported(op, in));
    PASS(check_rates(op, in->max_concurrency, in->max_errors));
    PASS(check_where(op, in));
    PASS(find_command_document(op, in, &d.document));
    PASS(draft_run(op, in, &d));
    PASS(check_instances(op, in->instance_ids, &d.document));
    draft_rows(op, in, &d);
    TRY(runcommand_insert(op, &d.c, &d.t));
    if (str_is_set(owner))
        TRY(automation_own(op, owner, d.c.id));
    PASS(begin(op, in, &d));
    return show(op, d.c.id, out);
}

static int send_command(struct op *op, const struct send_in *in, struct send_out *out)
{
    struct str owner = automation_owner(op), sent;
    struct str arn = document_arn(op, in->document_name);
    struct auth auth = { .action = S("ssm:SendCommand"), .resource = arn, .tags_of = arn };

    PASS(op_authorize(op, &auth));
    if (!str_is_set(owner))
        return accept(op, in, owner, out);
    int owned = automation_owned(op, owner, &sent);
    if (owned == DB_NO_ROW)
        return accept(op, in, owner, out);
    PASS(owned);
    return show(op, sent, out);
}
OP_HANDLER(send_command)

/* --- CancelCommand -------------------------------------------------------- */

static int cancel_nodes(struct op *op, const struct cancel_in *in)
{
    struct command_event cancel = { .type = COMMAND_EVENT_CANCEL };

    for (size_t i = 0; i < in->instance_ids.count; i++) {
        for (size_t k = 0; k < i; k++)
            if (str_eq(in->instance_ids.items[i], in->instance_ids.items[k]))
                return op_fail(op, SSM_DUPLICATE_INSTANCE_ID,
                               "The instance ID %.*s is given twice.",
                               STR(in->instance_ids.items[i]));
        int told = runcommand_tell_node(op, in->id, in->instance_ids.items[i], &cancel);
        if (told == DB_NO_ROW)
            return op_fail(op, SSM_INVALID_INSTANCE_ID,
                           "The command was not sent to the instance %.*s.",
                           STR(in->instance_ids.items[i]));
        TRY(told);
    }
    return 0;
}

static int cancel_command(struct op *op, const struct cancel_in *in, struct nothing *out)
{
    struct runcommand c;
    (void)out;

    int found = runcommand_load(op, in->id, &c);
    if (found == DB_NO_ROW)
        return op_fail(op, SSM_INVALID_COMMAND_ID, "The command ID %.*s is not valid.",
                       STR(in->id));
    TRY(found);
    if (c.is_over)
        return 0;
    if (in->instance_ids.count > 0)
        return cancel_nodes(op, in);
    return runcommand_cancel(op, c.id);
}
OP_HANDLER(cancel_command)

/* clang-format off */
const struct operation runcommand_operations[] = {
    OP("SendCommand", send_command, send_in_shape, send_out_shape, OP_WRITES | OP_OWN_AUTH,
       RAISES(SSM_DUPLICATE_INSTANCE_ID, SSM_INVALID_INSTANCE_ID, SSM_INVALID_DOCUMENT,
              SSM_INVALID_DOCUMENT_VERSION, SSM_INVALID_PARAMETERS,
              SSM_UNSUPPORTED_PLATFORM_TYPE)),
    OP("CancelCommand", cancel_command, cancel_in_shape, shape_nothing, OP_WRITES,
       RAISES(SSM_INVALID_COMMAND_ID, SSM_INVALID_INSTANCE_ID, SSM_DUPLICATE_INSTANCE_ID)),
    OP_END,
};
/* clang-format on */
