/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-managed stack sets, as they are stored: the set, its instances (a stack in an
 * account and Region), the operations on them and what came of each.
 */
#pragma once

#include "api/op.h"
#include "engine/stackset.h"
#include "wire/shape.h"

#define SETS_PER_REGION       1000
#define SET_MAX_INSTANCES     2000 /* of one operation */
#define SET_DEFAULT_ADMIN     "AWSCloudFormationStackSetAdministrationRole"
#define SET_DEFAULT_EXECUTION "AWSCloudFormationStackSetExecutionRole"

struct stack_set {
    struct str id, account, region, name, description; /* id: "name:uuid" */
    struct str body, parameters;                       /* parameters: sealed */
    struct str capabilities, tags;                     /* JSON */
    struct str admin_role, execution_role;             /* as given, or absent */
    struct str status, token;
    msec created_at;
};

struct instance {
    struct str stack_set, account, region;
    struct str stack;          /* its id; absent: there is none */
    struct str status, detail; /* CURRENT..., PENDING... */
    struct str reason;
    struct str overrides; /* sealed, about the set's id */
    struct str operation; /* the last one */
};

struct set_operation {
    int64_t number;
    struct str stack_set, id, action; /* CREATE, DELETE */
    int state;                        /* enum stackset_state */
    struct str preferences;           /* JSON */
    bool retain;
    struct str admin_role, execution_role; /* an ARN, a name */
    msec created_at, ended_at;
};

struct set_result {
    int64_t operation, position;
    struct str account, region;
    int rank, result; /* enum stackset_result */
    struct str reason;
};

/* By name (the live one of this account and Region) or id. Outcome: CFN_SET_NOT_FOUND. */
MUST_CHECK int set_must(struct op *op, struct str name_or_id, struct stack_set *ret);
/* Outcome: DB_NO_ROW. */
MUST_CHECK int set_get_live(struct op *op, struct str name, struct stack_set *ret);
MUST_CHECK int set_get(struct db *db, struct arena *a, struct str id, struct stack_set *ret);
MUST_CHECK int set_insert(struct op *op, const struct stack_set *set);
MUST_CHECK int set_delete(struct op *op, struct str id); /* its history stays, by id */
MUST_CHECK int set_count(struct op *op, int64_t *ret);
MUST_CHECK int set_list(struct op *op, struct str status, struct str after, int64_t limit,
                        struct stack_set **ret, size_t *ret_count);

/* Outcome: DB_NO_ROW. */
MUST_CHECK int instance_get(struct db *db, struct arena *a, struct str set, struct str account,
                            struct str region, struct instance *ret);
MUST_CHECK int instance_put(struct op *op, const struct instance *instance);
MUST_CHECK int instance_delete(struct op *op, const struct instance *instance);
MUST_CHECK int instance_count(struct op *op, struct str set, int64_t *ret);
/* After "account region". */
MUST_CHECK int instance_list(struct op *op, struct str set, struct str after, int64_t limit,
                             struct instance **ret, size_t *ret_count);

/* Outcome: DB_NO_ROW. */
MUST_CHECK int set_operation_get(struct db *db, struct arena *a, struct str set, struct str id,
                                 struct set_operation *ret);
MUST_CHECK int set_operation_number(struct db *db, struct arena *a, int64_t number,
                                    struct set_operation *ret);
/* Sets op->number. */
MUST_CHECK int set_operation_insert(struct op *op, struct set_operation *operation);
MUST_CHECK int set_operation_update(struct op *op, const struct set_operation *operation);
MUST_CHECK int set_operation_running(struct op *op, struct str set, bool *ret);
MUST_CHECK int set_operation_list(struct op *op, struct str set, int64_t before, int64_t limit,
                                  struct set_operation **ret, size_t *ret_count);

MUST_CHECK int set_result_list(struct db *db, struct arena *a, int64_t operation,
                               struct set_result **ret, size_t *ret_count);
MUST_CHECK int set_result_insert(struct op *op, const struct set_result *result);
MUST_CHECK int set_result_update(struct op *op, const struct set_result *result);

/* --- OperationPreferences ------------------------------------------------- */

struct preferences {
    struct str region_concurrency, mode;
    struct strs region_order;
    int64_t tolerance_count, tolerance_percent, concurrency_count, concurrency_percent;
};
extern const struct shape preferences_shape;

/* NULL: AWS's defaults. Outcome: STACKSET_INVALID. */
MUST_CHECK int preferences_read(const struct preferences *in, struct stackset_preferences *ret,
                                struct str *ret_why);
struct str preferences_to(struct arena *a, const struct preferences *in);
MUST_CHECK int preferences_from(struct arena *a, struct str json, struct preferences **ret);
