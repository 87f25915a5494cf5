/* SPDX-License-Identifier: Apache-2.0 */
/* StartAutomationExecution, StopAutomationExecution. */
#include "base/crypto.h"
#include "base/json.h"
#include "engine/interpolate.h"
#include "engine/locations.h"
#include "engine/runbook.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/document/document.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

struct start_out {
    struct str id;
};

struct stop_in {
    struct str id, type;
};

struct signal_in {
    struct str id, type;
    struct value *payload;
};

static const char *const stop_types[] = { "Complete", "Cancel", NULL };
static const char *const signal_types[] = { "Approve",  "Reject", "StartStep",
                                            "StopStep", "Resume", NULL };

/* clang-format off */
static const struct field start_out_fields[] = {
    STRING(struct start_out, id, "AutomationExecutionId", OPTIONAL),
};
static const struct shape start_out_shape =
    SHAPE("StartAutomationExecutionResult", struct start_out, start_out_fields);

static const struct field stop_in_fields[] = {
    STRING(struct stop_in, id,   "AutomationExecutionId", REQUIRED, LENGTH(36, 36)),
    STRING(struct stop_in, type, "Type",                  OPTIONAL, .values = stop_types),
};
static const struct shape stop_in_shape =
    SHAPE("StopAutomationExecutionRequest", struct stop_in, stop_in_fields);

static const struct field signal_in_fields[] = {
    STRING(struct signal_in,   id,      "AutomationExecutionId", REQUIRED, LENGTH(36, 36)),
    STRING(struct signal_in,   type,    "SignalType",            REQUIRED, .values = signal_types),
    STRS_MAP(struct signal_in, payload, "Payload",               OPTIONAL, .min = 1, .max = 200,
             .item_min = 1, .item_max = 50),
};
static const struct shape signal_in_shape =
    SHAPE("SendAutomationSignalRequest", struct signal_in, signal_in_fields);
/* clang-format on */

/* Whose child is being started: what our own task vouches for. */
struct origin {
    struct automation parent;
    struct automation_text text;
    struct automation_pair pair;
    struct str role; /* absent: the child runs as its caller */
    bool is_set;
};

/* What is to be run. */
struct draft {
    struct automation row;
    struct automation_text text;
    struct runbook book;
    struct value *parameters;
};

/* As policies name what is started: the version as the request has it. */
static struct str definition_arn(struct op *op, struct str name_or_arn, struct str version)
{
    struct str account = str_starts(name_or_arn, S("AWS-")) ? S("") : op->account;
    struct str region = op->region, name = name_or_arn;
    struct arn arn;

    if (arn_parse(name_or_arn, &arn) && str_starts(arn.resource, S("document/"))) {
        account = arn.account;
        region = arn.region;
        name = str_from(arn.resource, strlen("document/"));
    }
    return arena_fmt(op->arena, "arn:aws:ssm:%.*s:%.*s:automation-definition/%.*s:%.*s",
                     STR(region), STR(account), STR(name),
                     STR(str_is_set(version) ? version : S("$DEFAULT")));
}

static struct str start_resource(struct op *op, const void *in)
{
    const struct automation_request *request = in;

    return definition_arn(op, request->document_name, request->document_version);
}

/* --- a child's parent ----------------------------------------------------- */

static struct str vouched(const struct op *op, const char *name)
{
    for (size_t i = 0; op->is_internal && i < op->n_keys; i++)
        if (str_eq(op->keys[i].name, str_of(name)) && op->keys[i].values.count > 0)
            return op->keys[i].values.items[0];
    return (struct str){ 0 };
}

static int find_origin(struct op *op, struct origin *ret)
{
    struct str key = vouched(op, AUTOMATION_PARENT_KEY), id, number;
    int64_t position;

    *ret = (struct origin){ .role = vouched(op, AUTOMATION_ROLE_KEY) };
    if (!str_is_set(key))
        return 0;
    if (!str_cut(key, ' ', &id, &number) || !str_to_int(number, &position))
        return FAULT(EINVAL);
    TRY(automation_load_any(op, id, &ret->parent));
    TRY(automation_load_text(op->db, op->arena, id, &ret->text));
    TRY(automation_pair_get(op->db, op->arena, id, position, &ret->pair));
    ret->is_set = true;
    return 0;
}

/* --- what the request says ------------------------------------------------ */

static int check_values(struct op *op, const struct value *parameters)
{
    for (size_t i = 0; i < value_count(parameters); i++) {
        const struct value_member *p = &parameters->map.members[i];
        if (value_count(p->value) > 50)
            return op_invalid(op, "The parameter %.*s has more than 50 values.", STR(p->key));
        for (size_t k = 0; k < value_count(p->value); k++) {
            size_t length = str_utf8_len(value_str(value_at(p->value, k)));
            if (length < 1 || length > 512)
                return op_invalid(op,
                                  "1 validation error detected: Value at 'parameters' failed to "
                                  "satisfy constraint: Map value must satisfy constraint: [Member "
                                  "must satisfy constraint: [Member must have length less than or "
                                  "equal to 512, Member must have length greater than or equal to "
                                  "1]]");
        }
    }
    return 0;
}

static int check_location(struct op *op, const struct automation_location *l)
{
    struct rate_limit limit;

    if (str_is_set(l->max_concurrency) && rate_parse_concurrency(l->max_concurrency, &limit) != 0)
        return op_invalid(op, "TargetLocationMaxConcurrency must be a number from 1, or a "
                              "percentage.");
    if (str_is_set(l->max_errors) && rate_parse_errors(l->max_errors, &limit) != 0)
        return op_invalid(op, "TargetLocationMaxErrors must be a number, or a percentage.");
    if (str_is_set(l->role_name) && !str_is_word(l->role_name, "_+=,.@/-"))
        return op_invalid(op, "ExecutionRoleName %.*s is not the name of a role.",
                          STR(l->role_name));
    return 0;
}

static int check_locations(struct op *op, const struct automation_request *in)
{
    size_t count = in->locations.count;
    struct location *list = arena_array(op->arena, struct location, count + 1);
    struct str why;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct automation_location *l =
            LIST_ITEM(struct automation_location, in->locations, i);
        PASS(check_location(op, l));
        list[i] = (struct location){ .accounts = l->accounts,
                                     .regions = l->regions,
                                     .exclude = l->exclude };
    }
    int checked = locations_check(op->arena, list, count, &why);
    if (checked == LOCATIONS_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(checked);
    return 0;
}

static int check_request(struct op *op, const struct automation_request *in)
{
    int64_t open;

    if (str_eq(in->mode, S("Interactive")))
        return op_fail(op, OP_UNSUPPORTED, "The mode Interactive is not supported.");
    PASS(check_values(op, in->parameters));
    PASS(check_locations(op, in));
    TRY(automation_count_open(op, &open));
    if (open >= AUTOMATIONS_MAX_OPEN)
        return op_fail(op, SSM_AUTOMATION_EXECUTION_LIMIT_EXCEEDED,
                       "The number of simultaneously running executions exceeded the limit.");
    return 0;
}

/* --- what is run ---------------------------------------------------------- */

static int find_document(struct op *op, const struct automation_request *in, struct draft *d)
{
    struct document document;
    struct value *tree;

    int found =
        document_get(op, in->document_name, in->document_version, (struct str){ 0 }, &document);
    if (found == SSM_INVALID_DOCUMENT)
        return op_fail(op, SSM_AUTOMATION_DEFINITION_NOT_FOUND, "%.*s", STR(op->message));
    if (found == SSM_INVALID_DOCUMENT_VERSION)
        return op_fail(op, SSM_AUTOMATION_DEFINITION_VERSION_NOT_FOUND, "%.*s", STR(op->message));
    TRY(found);
    if (!str_eq(document.type, S("Automation")))
        return op_fail(op, SSM_AUTOMATION_DEFINITION_NOT_FOUND,
                       "The document %.*s is not an Automation runbook.", STR(document.name));
    TRY(document_tree(op, &document, &tree));
    d->row.document_name = document.name;
    d->row.document_version = arena_fmt(op->arena, "%lld", (long long)document.version);
    d->text.content = json_format(op->arena, tree);
    d->text.target_type = document.target_type;
    return 0;
}

/* The parameter that takes the targets is each child's own. */
static struct runbook without(struct arena *a, const struct runbook *book, struct str parameter)
{
    struct runbook rest = *book;

    rest.parameters = arena_array(a, struct runbook_parameter, book->n_parameters + 1);
    rest.n_parameters = 0;
    for (uint32_t i = 0; i < book->n_parameters; i++)
        if (!str_eq(book->parameters[i].name, parameter))
            rest.parameters[rest.n_parameters++] = book->parameters[i];
    return rest;
}

static int read_parameters(struct op *op, const struct automation_request *in, struct draft *d)
{
    struct runbook book = d->book;
    struct str why;

    if (in->targets.count > 0)
        book = without(op->arena, &d->book, in->target_parameter);
    if (in->targets.count > 0 && value_get(in->parameters, in->target_parameter))
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS,
                       "The parameter %.*s is given by Targets.", STR(in->target_parameter));
    int typed = runbook_parameters(op->arena, &book, in->parameters, &d->parameters, &why);
    if (typed == RUNBOOK_INVALID)
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS, "%.*s", STR(why));
    TRY(typed);
    return 0;
}

static int find_definition(struct op *op, const struct automation_request *in,
                           const struct origin *origin, struct draft *d)
{
    struct value *content;
    struct str why;

    if (origin->is_set) { /* it need not be shared with this account */
        d->row.document_name = origin->parent.document_name;
        d->row.document_version = origin->parent.document_version;
        d->text.content = origin->text.content;
        d->text.target_type = origin->text.target_type;
    } else {
        PASS(find_document(op, in, d));
    }
    TRY(json_parse(op->arena, d->text.content, &content, NULL));
    int parsed = runbook_parse(op->arena, content, &d->book, &why);
    if (parsed == RUNBOOK_INVALID)
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS, "The runbook cannot be run. %.*s",
                       STR(why));
    TRY(parsed);
    PASS(automation_check_targets(op, in, &d->book, d->text.target_type));
    return read_parameters(op, in, d);
}

/* --- as whom -------------------------------------------------------------- */

static int resolve_role(struct op *op, const struct draft *d, struct str *ret)
{
    struct interpolation with = {
        .parameters = d->parameters,
        .execution_id = d->row.id,
        .account = op->account,
        .region = op->region,
        .partition = S("aws"),
        .now = op->now,
    };
    struct value *resolved;
    struct str why;

    *ret = (struct str){ 0 };
    if (!str_is_set(d->book.assume_role))
        return 0;
    int result = interpolate(op->arena, value_string(op->arena, d->book.assume_role), &with,
                             &resolved, &why);
    if (result == INTERPOLATE_UNRESOLVED)
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS, "%.*s", STR(why));
    TRY(result);
    if (!str_is_empty(value_str(resolved)))
        *ret = value_str(resolved);
    return 0;
}

static int choose_role(struct op *op, const struct origin *origin, struct draft *d)
{
    if (origin->is_set)
        d->text.role = origin->role;
    else
        PASS(resolve_role(op, d, &d->text.role));
    if (!str_is_set(d->text.role))
        return 0;
    int may =
        op_pass_role_for(op, d->text.role, S("ssm.amazonaws.com"), automation_arn(op, d->row.id));
    if (may == OP_INVALID)
        return op_fail(op, SSM_INVALID_AUTOMATION_PARAMETERS,
                       "The defined assume role is unable to be assumed. %.*s", STR(op->message));
    PASS(may);
    return 0;
}

/* --- StartAutomationExecution --------------------------------------------- */

/* A request that came before with the same token: its execution. DB_NO_ROW. */
static int find_earlier(struct op *op, const struct automation_request *in, struct str *ret_id)
{
    struct automation_text text;
    struct value *before, *now = shape_write(&automation_request_shape, in, op->arena);

    if (!str_is_set(in->client_token))
        return DB_NO_ROW;
    int found = automation_by_token(op, in->client_token, ret_id);
    if (found == DB_NO_ROW)
        return DB_NO_ROW;
    TRY(found);
    TRY(automation_load_text(op->db, op->arena, *ret_id, &text));
    TRY(json_parse(op->arena, text.request, &before, NULL));
    if (!value_equal(before, now))
        return op_fail(op, SSM_IDEMPOTENT_PARAMETER_MISMATCH,
                       "The client token was used before with other parameters.");
    return 0;
}

static void draft_rows(struct op *op, const struct automation_request *in,
                       const struct origin *origin, struct draft *d)
{
    struct arena *a = op->arena;

    d->row.id = random_uuid(a);
    d->row.account = op->account;
    d->row.region = op->region;
    d->row.status = automation_status_name(AUTOMATION_PENDING);
    d->row.executed_by = op->principal->arn;
    d->row.client_token = in->client_token;
    d->row.started_at = op->now;
    d->row.is_cross_account = in->locations.count > 0;
    d->row.is_parent = in->locations.count > 0 || in->targets.count > 0;
    if (origin->is_set) {
        d->row.parent_id = origin->parent.id;
        d->row.parent_account = origin->parent.account;
        d->row.parent_region = origin->parent.region;
        d->row.parent_position = origin->pair.position;
    }
    d->text.id = d->row.id;
    d->text.request = automation_request_format(a, in);
    d->text.caller = json_format(a, principal_to_value(op->principal, a));
}

static int begin(struct op *op, const struct automation_request *in, struct origin *origin,
                 struct draft *d)
{
    if (d->row.is_parent) {
        TRY(automation_insert(op, &d->row, &d->text));
        TRY(automation_parent_begin(op, &d->row, in));
    } else {
        TRY(automation_begin(op, &d->row, &d->text, &d->book, d->parameters));
    }
    if (!origin->is_set)
        return 0;
    origin->pair.child_id = d->row.id;
    TRY(automation_pair_save(op, &origin->pair));
    return 0;
}

static int accept(struct op *op, const struct automation_request *in, struct start_out *out)
{
    struct origin origin;
    struct draft d = { 0 };

    TRY(find_origin(op, &origin));
    if (origin.is_set && str_is_set(origin.pair.child_id)) { /* by this task, before */
        out->id = origin.pair.child_id;
        return 0;
    }
    if (origin.is_set && !str_eq(origin.pair.status, S("InProgress")))
        return op_invalid(op, "The parent execution has been stopped.");
    PASS(check_request(op, in));
    draft_rows(op, in, &origin, &d);
    if (d.text.request.len > AUTOMATION_MAX_REQUEST)
        return op_invalid(op, "The request is larger than %zu bytes.", AUTOMATION_MAX_REQUEST);
    PASS(find_definition(op, in, &origin, &d));
    PASS(choose_role(op, &origin, &d));
    TRY(begin(op, in, &origin, &d));
    out->id = d.row.id;
    return 0;
}

static int start_automation_execution(struct op *op, const struct automation_request *in,
                                      struct start_out *out)
{
    int earlier = find_earlier(op, in, &out->id);

    if (earlier == DB_NO_ROW)
        return accept(op, in, out);
    PASS(earlier);
    return 0;
}
OP_HANDLER(start_automation_execution)

/* --- StopAutomationExecution ---------------------------------------------- */

static struct str stop_resource(struct op *op, const void *in)
{
    return automation_arn(op, ((const struct stop_in *)in)->id);
}

static int stop_automation_execution(struct op *op, const struct stop_in *in, struct nothing *out)
{
    struct automation row;
    (void)out;

    int found = automation_load(op, in->id, &row);
    if (found == DB_NO_ROW)
        return op_fail(op, SSM_AUTOMATION_EXECUTION_NOT_FOUND,
                       "There is no automation execution with the ID %.*s.", STR(in->id));
    TRY(found);
    if (row.is_over)
        return op_fail(op, SSM_INVALID_AUTOMATION_STATUS_UPDATE,
                       "The automation execution %.*s is over: its status is %.*s.", STR(in->id),
                       STR(row.status));
    TRY(automation_stop(op, in->id,
                        str_eq(in->type, S("Complete")) ? AUTOMATION_STOP_COMPLETE
                                                        : AUTOMATION_STOP_CANCEL));
    return 0;
}
OP_HANDLER(stop_automation_execution)

/* No action that is done here waits for one. */
static int send_automation_signal(struct op *op, const struct signal_in *in, struct nothing *out)
{
    (void)out;
    return op_fail(op, OP_UNSUPPORTED, "Signals such as %.*s are not supported: no step waits.",
                   STR(in->type));
}
OP_HANDLER(send_automation_signal)

/* clang-format off */
const struct operation automation_operations[] = {
    OP("StartAutomationExecution", start_automation_execution, automation_request_shape,
       start_out_shape, OP_WRITES,
       RAISES(SSM_AUTOMATION_DEFINITION_NOT_FOUND, SSM_AUTOMATION_DEFINITION_VERSION_NOT_FOUND,
              SSM_AUTOMATION_EXECUTION_LIMIT_EXCEEDED, SSM_IDEMPOTENT_PARAMETER_MISMATCH,
              SSM_INVALID_AUTOMATION_PARAMETERS, SSM_INVALID_TARGET), .resource = start_resource),
    OP("StopAutomationExecution", stop_automation_execution, stop_in_shape, shape_nothing,
       OP_WRITES, RAISES(SSM_AUTOMATION_EXECUTION_NOT_FOUND, SSM_INVALID_AUTOMATION_STATUS_UPDATE),
       .resource = stop_resource),
    OP("SendAutomationSignal", send_automation_signal, signal_in_shape, shape_nothing,
       OP_WRITES | OP_REFUSED, RAISES_NOTHING, .resource = stop_resource),
    OP_END,
};
/* clang-format on */
