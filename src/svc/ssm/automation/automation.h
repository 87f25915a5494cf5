/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Automation executions. engine/execution.h decides what an execution of a
 * runbook does and engine/locations.h what a parent of many does; this is their
 * shell: rows, tasks, calls. An execution is two rows, a small one that every
 * event changes (struct automation) and one that nothing changes (struct
 * automation_text); a parent has a row for each pair of account and Region, or
 * for each target, which is then the value of a parameter.
 *
 * What is done for an execution is done as its role, or where it has none as
 * whoever started it. Roles are assumed again for each effect. Only to stop
 * what it has started itself the service needs nobody's leave: the right to
 * stop was checked on the execution, and the roles of AWS's own examples may
 * start commands and executions but not end them.
 */
#pragma once

#include "api/aws_client.h"
#include "api/task.h"
#include "engine/automation.h"
#include "svc/ssm/automation/automation_request.h"

#define AUTOMATION_KEPT        (30 * MSEC_DAY)      /* AWS: the history of 30 days */
#define AUTOMATION_MAX_REQUEST ((size_t)256 * 1024) /* as JSON: it is kept, and lists read it */
#define AUTOMATIONS_MAX_OPEN   1100 /* an account and Region: 100 running and a queue of 1000 */

/* How a child's start says in process whose it is: "ID POSITION", and the role it runs as. */
#define AUTOMATION_PARENT_KEY "patchbay:ParentExecution"
#define AUTOMATION_ROLE_KEY   "patchbay:ExecutionRole"

struct automation {
    struct str id, account, region, document_name, document_version, status;
    struct str state; /* of an engine, JSON; absent until a parent's pairs are known */
    struct str current_step, current_action, failure_message, executed_by, client_token;
    struct str parent_id, parent_account, parent_region; /* absent: it is nobody's child */
    int64_t parent_position;
    msec started_at, ended_at; /* ended_at 0: not yet */
    bool is_over, is_parent;
    bool is_cross_account; /* a parent over locations, not over targets */
};

struct automation_text {
    struct str id;
    struct str content;     /* the runbook as JSON */
    struct str request;     /* as StartAutomationExecution had it, JSON */
    struct str caller;      /* a principal, JSON */
    struct str role;        /* the ARN of the role it runs as; absent: as the caller */
    struct str target_type; /* of the document; absent: any */
};

/* A child to be, or one that was started. */
struct automation_pair {
    struct str execution_id, account, region, status, child_id;
    struct str target; /* absent: it is a pair of a location */
    struct str failure_message, failure_stage, failure_type, response;
    int64_t position, location;
    msec started_at, ended_at;
    bool is_running;
};

struct str automation_arn(struct op *op, struct str id);

/* --- one execution: automation.c ------------------------------------------ */

struct runbook;
struct execution;
struct execution_event;

/* What the request started begins. */
MUST_CHECK int automation_begin(struct op *op, struct automation *row,
                                const struct automation_text *text, const struct runbook *book,
                                struct value *parameters);
/* Sets `at`, and tells one that is no parent. Unknown or over: nothing happens. */
MUST_CHECK int automation_tell(struct op *op, struct str id, const struct execution_event *event);
MUST_CHECK int automation_stop(struct op *op, struct str id, enum automation_stop how);
/* If it is a child, its parent is to know how it ended. */
MUST_CHECK int automation_tell_parent(struct op *op, const struct automation *row,
                                      enum automation_status status, struct str message,
                                      struct str response);
/* It is over: to be forgotten when it has been kept long enough. */
MUST_CHECK int automation_keep(struct op *op, struct str id);
MUST_CHECK int automation_read(struct op *op, const struct automation *row,
                               const struct automation_text *text, struct runbook *ret_book,
                               struct execution *ret);

/* --- a parent: automation_parent.c ---------------------------------------- */

struct locations;
struct locations_event;

MUST_CHECK int automation_parent_begin(struct op *op, struct automation *row,
                                       const struct automation_request *request);
/* `known`: what was found out, {"units": for each location a map from its units to lists of
 * their accounts} or {"targets": list}; NULL: nothing was to be. */
MUST_CHECK int automation_parent_plan(struct op *op, struct automation *row,
                                      const struct automation_request *request,
                                      const struct value *known);
MUST_CHECK int automation_parent_fail(struct op *op, struct automation *row, struct str why);
MUST_CHECK int automation_parent_tell(struct op *op, struct str id,
                                      const struct locations_event *event);
MUST_CHECK int automation_parent_read(struct op *op, const struct automation *row,
                                      struct locations *ret);
/* The account's role that a location's children run as. */
struct str automation_execution_role(struct arena *a, const struct automation_location *location,
                                     struct str account);

/* --- targets: automation_target.c ----------------------------------------- */

/* Outcomes: SSM_INVALID_TARGET, SSM_INVALID_AUTOMATION_PARAMETERS, OP_INVALID. */
MUST_CHECK int automation_check_targets(struct op *op, const struct automation_request *in,
                                        const struct runbook *book, struct str target_type);
/* Targets that are given as values; NULL: they are to be found. */
const struct target *automation_target_values(const struct automation_request *request);
/* A task's answer: {"targets": list}, or a refusal. */
MUST_CHECK int automation_find_targets(struct task_run *run, struct str region,
                                       const struct automation_text *text,
                                       const struct automation_request *request,
                                       const struct principal *as, struct value **ret_answer);

/* --- tasks' common part: automation_chain.c ------------------------------- */

/* Who acts for the execution in a task of its account, and then assumes `then_role` if that is
 * set. Where a role may not be assumed, *ret is the refusal. */
MUST_CHECK int automation_principal(struct task_run *run, const struct task *task,
                                    const struct automation_text *text, struct str then_role,
                                    struct principal *ret_principal, struct aws_result *ret);
/* A refusal as a task's answer: {"code", "operation", "message"}. */
struct value *automation_refusal(struct arena *a, const struct aws_result *result,
                                 const char *operation);
struct step_failure;
/* What an answer says of why; false where it is none of refusal. A NULL answer: gave up. */
bool automation_refused(struct arena *a, const struct value *answer, struct step_failure *ret);

/* --- what Run Command knows of us: automation_command.c ------------------- */

#define AUTOMATION_OWNER_KEY "patchbay:Owner" /* "ID SERIAL", vouched for by the step's task */

/* The owner in a SendCommand of ours, absent otherwise. */
struct str automation_owner(const struct op *op);
/* The command that was sent for the owner before. DB_NO_ROW; OP_INVALID: it is given up. */
MUST_CHECK int automation_owned(struct op *op, struct str owner, struct str *ret_command);
MUST_CHECK int automation_own(struct op *op, struct str owner, struct str command);
/* Nothing is to be sent for the owner any more; cancels what was. False: nothing was. */
MUST_CHECK int automation_disown(struct op *op, struct str owner, bool *ret_was_sent);
/* A command is over; it may be nobody's. */
MUST_CHECK int automation_command_over(struct op *op, struct str command);

/* --- store: automation_db.c ----------------------------------------------- */

MUST_CHECK int automation_insert(struct op *op, const struct automation *row,
                                 const struct automation_text *text);
/* Of this account and Region. DB_NO_ROW. */
MUST_CHECK int automation_load(struct op *op, struct str id, struct automation *ret);
MUST_CHECK int automation_load_any(struct op *op, struct str id,
                                   struct automation *ret); /* anywhere */
MUST_CHECK int automation_load_text(struct db *db, struct arena *a, struct str id,
                                    struct automation_text *ret); /* DB_NO_ROW */
MUST_CHECK int automation_save(struct op *op, const struct automation *row);
MUST_CHECK int automation_delete(struct op *op, struct str id); /* with all that belongs to it */
MUST_CHECK int automation_by_token(struct op *op, struct str token,
                                   struct str *ret_id); /* DB_NO_ROW */
MUST_CHECK int automation_count_open(struct op *op, int64_t *ret);
/* Newest first, those before (at, id). */
MUST_CHECK int automation_list(struct op *op, msec at, struct str id, int64_t limit,
                               struct automation **ret, size_t *ret_count);

MUST_CHECK int automation_pair_insert(struct op *op, const struct automation_pair *pair);
MUST_CHECK int automation_pair_get(struct db *db, struct arena *a, struct str id, int64_t position,
                                   struct automation_pair *ret); /* DB_NO_ROW */
MUST_CHECK int automation_pair_save(struct op *op, const struct automation_pair *pair);
MUST_CHECK int automation_pair_next_running(struct op *op, struct str id, int64_t from,
                                            int64_t otherwise, int64_t *ret);
MUST_CHECK int automation_pair_list(struct op *op, struct str id, int64_t from, int64_t limit,
                                    struct automation_pair **ret, size_t *ret_count);
