/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users and roles have in common: a name, a unique id, policies, a
 * permissions boundary, tags. Operations that AWS has once for each
 * (PutUserPolicy, PutRolePolicy) are one handler here.
 *
 * The request of every such operation starts with the name of the entity, so
 * that user_resource() and role_resource() can name it for authorization.
 */
#pragma once

#include "api/service.h"

enum entity_kind {
    ENTITY_USER,
    ENTITY_ROLE,
};

struct entity {
    struct str id, name, arn, boundary;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int entity_find(struct db *db, struct arena *a, enum entity_kind kind,
                           struct str account, struct str name, struct entity *ret);

/* The same for handlers. Outcome: IAM_NO_SUCH_ENTITY, with the sentence. */
MUST_CHECK int entity_get(struct op *op, enum entity_kind kind, struct str name,
                          struct entity *ret);
int entity_missing(struct op *op, enum entity_kind kind, struct str name);

const char *entity_word(enum entity_kind kind); /* "user" */

MUST_CHECK int entity_set_boundary(struct db *db, enum entity_kind kind, struct str id,
                                   struct str boundary);

/* Outcome: IAM_DELETE_CONFLICT while policies are left. */
MUST_CHECK int entity_may_go(struct op *op, const struct entity *entity);

/* Of requests that start with the name of a user or role. */
struct str user_resource(struct op *op, const void *in);
struct str role_resource(struct op *op, const void *in);

/* ENTITY_HANDLERS(put_policy) makes user_put_policy_run() and role_put_policy_run()
 * of one typed handler that takes the kind. */
#define ENTITY_HANDLERS(handler)                                                                   \
    static int user_##handler##_run(struct op *op, const void *in, void *out)                      \
    {                                                                                              \
        return handler(op, ENTITY_USER, in, out);                                                  \
    }                                                                                              \
    static int role_##handler##_run(struct op *op, const void *in, void *out)                      \
    {                                                                                              \
        return handler(op, ENTITY_ROLE, in, out);                                                  \
    }
