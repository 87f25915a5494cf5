/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patch baselines: the predefined ones, an account's own, and which of them a
 * node gets. What a baseline says about a package is the engine's.
 */
#pragma once

#include "engine/baseline_default.h"
#include "svc/ssm/node/node.h"

#define BASELINE_TYPE "AWS::SSM::PatchBaseline"

#define BASELINES_MAX    50 /* of an account's own in a Region (quota of AWS) */
#define PATCH_GROUPS_MAX 25 /* of one baseline (quota of AWS) */

/* An id of ours, or of a predefined one with or without its ARN. SSM_DOES_NOT_EXIST. */
MUST_CHECK int patch_baseline_find(struct op *op, struct str id, struct baseline *ret);

bool patch_baseline_is_predefined(const struct baseline *b);

/* As answers name it: the predefined ones by their ARN. */
struct str patch_baseline_shown_id(struct op *op, const struct baseline *b);
struct str patch_baseline_arn(struct op *op, struct str id);
struct str patch_baseline_resource(struct op *op, struct str id); /* of an id or an ARN */

/* What names a system in a request; absent is WINDOWS, as AWS has it. OP_INVALID. */
MUST_CHECK int patch_os_of_request(struct op *op, struct str name, enum patch_os *ret);

/* The default of the account for a system, else the predefined one. OP_UNSUPPORTED for a
 * system without one. */
MUST_CHECK int patch_baseline_default(struct op *op, enum patch_os os, struct baseline *ret);

/* The baseline that a patch group is registered to for a system, else the default. */
MUST_CHECK int patch_baseline_for_group(struct op *op, struct str group, enum patch_os os,
                                        struct baseline *ret);

/* What a node is patched with. */
struct patch_choice {
    struct str group; /* never absent */
    enum patch_os os;
    struct str product; /* "Debian12" */
    struct baseline baseline;
};

/* Patch group, default, predefined, in this order. SSM_UNSUPPORTED_OPERATING_SYSTEM. */
MUST_CHECK int patch_choose(struct op *op, const struct node *n, struct patch_choice *ret);

/* --- store: patch_db.c; outcomes DB_NO_ROW -------------------------------- */

struct baseline_row {
    struct str id, name, os, document, client_token, request_hash;
};

struct patch_group_row {
    struct str patch_group, os, baseline;
};

MUST_CHECK int patch_baseline_get(struct op *op, struct str id, struct baseline_row *ret);
MUST_CHECK int patch_baseline_by_token(struct op *op, struct str token, struct baseline_row *ret);
MUST_CHECK int patch_baseline_list(struct op *op, struct baseline_row **ret, size_t *ret_count);
MUST_CHECK int patch_baseline_put(struct op *op, const struct baseline_row *row); /* replaces */
MUST_CHECK int patch_baseline_delete(struct op *op, struct str id);

MUST_CHECK int patch_default_get(struct op *op, enum patch_os os, struct str *ret_id);
MUST_CHECK int patch_default_put(struct op *op, enum patch_os os, struct str id);
MUST_CHECK int patch_default_delete(struct op *op, enum patch_os os);

MUST_CHECK int patch_group_get(struct op *op, struct str group, enum patch_os os,
                               struct str *ret_id);
MUST_CHECK int patch_group_put(struct op *op, struct str group, enum patch_os os, struct str id);
MUST_CHECK int patch_group_delete(struct op *op, struct str group, enum patch_os os);
/* Of one baseline, or of all (absent); at most `limit`, behind (group, os). */
MUST_CHECK int patch_group_list(struct op *op, struct str baseline, struct str after_group,
                                struct str after_os, int64_t limit, struct patch_group_row **ret,
                                size_t *ret_count);
