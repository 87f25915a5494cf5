/* SPDX-License-Identifier: Apache-2.0 */
/* A group and its query. */
#pragma once

#include "api/tags.h"

#define GROUPS_PER_REGION 1000

struct group {
    struct str name, description;
    struct str query_type, query; /* as the client wrote them */
    msec created_at;
};

/* --- the query ------------------------------------------------------------ */

/* TAG_FILTERS_1_0: filters ANDed, the values of one ORed. */
struct group_query {
    struct strs types; /* empty: all */
    struct tag_filter *filters;
    size_t n_filters;
};

enum group_query_outcome {
    GROUP_QUERY_WRONG = 1,
};

/* Outcome GROUP_QUERY_WRONG with *ret_why. */
MUST_CHECK int group_query_parse(struct arena *a, struct str text, struct group_query *ret,
                                 struct str *ret_why);

/* --- the store: outcomes DB_NO_ROW, DB_CONFLICT --------------------------- */

MUST_CHECK int group_get(struct op *op, struct str name, struct group *ret);
MUST_CHECK int group_insert(struct op *op, const struct group *group);
MUST_CHECK int group_update_query(struct op *op, const struct group *group);
MUST_CHECK int group_delete(struct op *op, struct str name);
MUST_CHECK int group_count(struct op *op, int64_t *ret);
MUST_CHECK int group_list(struct op *op, struct str after, int64_t limit, struct group **ret,
                          size_t *ret_count);
