/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run Command. engine/command.h decides; this is its shell: rows, messages,
 * timers. A command is two rows, one small that every report changes (struct
 * runcommand) and one that nothing changes (struct runcommand_text); each node
 * has an invocation, numbered from 0.
 */
#pragma once

#include "api/op.h"
#include "engine/command.h"

#define RUNCOMMAND_TARGETS_MAX   50000
#define RUNCOMMAND_RAMP_PATIENCE (5 * MSEC_SECOND)
#define RUNCOMMAND_KEPT          (30 * MSEC_DAY) /* AWS: the history of 30 days */

struct command_doc;

struct runcommand {
    struct str id, account, region, document_name, status, detail;
    struct str state; /* of the engine, JSON; absent until the targets are known */
    msec requested_at, expires_at;
    bool is_over;
};

struct runcommand_text {
    struct str id, document_version, document_arn, platforms;
    struct str content;                        /* of the document, JSON */
    struct str parameters, payload_parameters; /* as given; as agents want them */
    struct str steps, comment, instance_ids, targets, max_concurrency, max_errors, principal;
    int64_t timeout_seconds, execution_timeout; /* seconds, milliseconds */
};

/* A command as lists show it. */
struct runcommand_view {
    struct str id, document_name, document_version, comment, parameters, instance_ids, targets;
    struct str status, detail, max_concurrency, max_errors, state;
    msec requested_at, expires_at;
    int64_t timeout_seconds;
};

struct runcommand_invocation {
    struct str command_id, instance_id, instance_name, account, region, document_name;
    struct str status, detail, state, trace;
    int64_t position;
    msec requested_at;
    bool is_open, is_released;
};
#define RUNCOMMAND_INVOCATION_COLUMNS                                                              \
    "command_id, instance_id, instance_name, account, region, document_name, status, detail,"      \
    " state, trace, position, requested_at, is_open, is_released"
extern const struct mapping runcommand_invocation_mapping;

struct runcommand_plugin {
    struct str command_id, name, status, output, standard_output, standard_error;
    int64_t position, code;
    msec started_at, ended_at;
};

/* --- the shell: runcommand.c ---------------------------------------------- */

/* Sets `at` and tells. Outcome: DB_NO_ROW: no such command here, or it waits for its targets. */
MUST_CHECK int runcommand_tell(struct op *op, struct str id, const struct command_event *event);
/* The same for the invocation of a node: sets `index` too. DB_NO_ROW. */
MUST_CHECK int runcommand_tell_node(struct op *op, struct str id, struct str node,
                                    const struct command_event *event);
/* What an agent replied; anything unknown or unreadable is ignored. */
MUST_CHECK int runcommand_reply(struct op *op, struct str id, struct str node, struct str payload);
MUST_CHECK int runcommand_payload(struct op *op, struct str id, struct str *ret);
/* A node is de-registered: what it has not finished is undeliverable. */
MUST_CHECK int runcommand_node_gone(struct op *op, struct str node);
/* The targets are known: plans and begins. `nodes` are sorted; those that are not registered
 * here are left out. `as` is who sends the command; `authorized`: already checked. */
MUST_CHECK int runcommand_begin(struct op *op, struct str id, const struct principal *as,
                                struct strs nodes, bool authorized);
/* It is over before it began. */
MUST_CHECK int runcommand_refuse(struct op *op, struct str id, enum command_detail why);
/* As a whole. It may be over. */
MUST_CHECK int runcommand_cancel(struct op *op, struct str id);

/* --- targets: runcommand_target.c ----------------------------------------- */

struct list;

/* OP_INVALID: a target that makes no sense. */
MUST_CHECK int runcommand_check_targets(struct op *op, const struct list *targets);
/* The name of the resource group among them; absent: none. */
struct str runcommand_group(const struct list *targets);
struct strs runcommand_group_types(const struct list *targets);
/* Nodes that satisfy every target, sorted. `group`: the ids of the group's nodes, sorted.
 * Outcome: SSM_INVALID_INSTANCE_ID. */
MUST_CHECK int runcommand_find_nodes(struct op *op, const struct list *targets, struct strs group,
                                     struct strs *ret);

/* --- store: runcommand_db.c ----------------------------------------------- */

MUST_CHECK int runcommand_insert(struct op *op, const struct runcommand *c,
                                 const struct runcommand_text *t);
/* DB_NO_ROW where there is none, as all that get one here. */
MUST_CHECK int runcommand_load(struct op *op, struct str id, struct runcommand *ret);
MUST_CHECK int runcommand_load_text(struct db *db, struct arena *a, struct str id,
                                    struct runcommand_text *ret); /* DB_NO_ROW */
MUST_CHECK int runcommand_load_steps(struct op *op, struct str id, struct str *ret);
MUST_CHECK int runcommand_save(struct op *op, const struct runcommand *c);

MUST_CHECK int runcommand_delete(struct op *op, struct str id);
MUST_CHECK int runcommand_view_get(struct op *op, struct str id, struct runcommand_view *ret);

/* What lists ask for. Absent strings and -1 mean: any. `at`, `id` and `position` say after
 * which row to go on, newest first. */
struct runcommand_query {
    struct str command_id, instance_id, status, document_name;
    msec after, before;
    int64_t is_over;
    msec at;
    struct str id;
    int64_t position, limit;
};
MUST_CHECK int runcommand_view_list(struct op *op, const struct runcommand_query *q,
                                    struct runcommand_view **ret, size_t *ret_count);
MUST_CHECK int runcommand_invocation_list(struct op *op, const struct runcommand_query *q,
                                          struct runcommand_invocation **ret, size_t *ret_count);

MUST_CHECK int runcommand_invocation_insert(struct op *op, const struct runcommand_invocation *i);
MUST_CHECK int runcommand_invocation_get(struct op *op, struct str id, int64_t position,
                                         struct runcommand_invocation *ret); /* DB_NO_ROW */
MUST_CHECK int runcommand_invocation_of_node(struct op *op, struct str id, struct str node,
                                             struct runcommand_invocation *ret); /* DB_NO_ROW */
MUST_CHECK int runcommand_invocation_update(struct op *op, const struct runcommand_invocation *i);
MUST_CHECK int runcommand_invocation_set_trace(struct op *op, struct str id, int64_t position,
                                               struct str trace);
MUST_CHECK int runcommand_invocation_next_open(struct op *op, struct str id, int64_t from,
                                               bool released, int64_t otherwise, int64_t *ret);
MUST_CHECK int runcommand_invocation_open_commands(struct op *op, struct str node,
                                                   struct strs *ret);

MUST_CHECK int runcommand_plugin_put(struct op *op, const struct runcommand_plugin *p);
MUST_CHECK int runcommand_plugin_list(struct op *op, struct str id, int64_t position,
                                      struct runcommand_plugin **ret, size_t *ret_count);

/* How long a run of the document may take, with all the documents that it runs. */
MUST_CHECK int runcommand_time(struct op *op, const struct command_doc *doc,
                               const struct value *arguments, msec *ret);
