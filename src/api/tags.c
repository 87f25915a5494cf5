/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tags.h"

#include "api/schema.h"
#include "base/buf.h"

static const struct field tag_fields[] = {
    STRING(struct tag, key, "Key", REQUIRED, LENGTH(1, 128)),
    STRING(struct tag, value, "Value", REQUIRED, LENGTH(0, 256)),
};
const struct shape tag_shape = SHAPE("Tag", struct tag, tag_fields);

static const struct column tag_columns[] = {
    COL_STR(struct tag, key),
    COL_STR(struct tag, value),
};
static const struct mapping tag_mapping = MAPPING(struct tag, tag_columns);

static const struct column tagged_columns[] = {
    COL_STR(struct tagged, arn),
    COL_STR(struct tagged, account),
    COL_STR(struct tagged, region),
    COL_STR(struct tagged, type),
};
static const struct mapping tagged_mapping = MAPPING(struct tagged, tagged_columns);

static int check(struct op *op, const struct tag *tag)
{
    if (tag->key.len == 0 || str_utf8_len(tag->key) > 128 || str_utf8_len(tag->value) > 256)
        return op_invalid(op, "Tag keys have 1 to 128 characters and values up to 256.");
    /* CloudFormation marks what it makes; clients' own requests are never internal. */
    if (op->is_internal && str_starts(tag->key, S("aws:cloudformation:")))
        return 0;
    if (str_starts(tag->key, S("aws:")))
        return op_invalid(op, "Tag keys starting with aws: are reserved for system use.");
    return 0;
}

int tags_put(struct op *op, const struct tagged *resource, const struct tag *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PASS(check(op, &tags[i]));
        TRY(db_exec(op->db, NULL, "DELETE FROM tag WHERE arn = $1 AND key = $2",
                    ARGS(V(resource->arn), V(tags[i].key))));
        TRY(db_exec(op->db, NULL,
                    "INSERT INTO tag (arn, account, region, type, key, value) "
                    "VALUES ($1, $2, $3, $4, $5, $6)",
                    ARGS(V(resource->arn), V(resource->account), V(resource->region),
                         V(resource->type), V(tags[i].key), V(tags[i].value))));
    }
    int64_t total;
    TRY(db_int(op->db, &total,
               "SELECT COUNT(*) FROM tag WHERE arn = $1"
               " AND key NOT LIKE 'aws:%'",
               ARGS(V(resource->arn))));
    if (total > TAGS_MAX)
        return op_invalid(op, "A resource can have at most %d tags.", TAGS_MAX);
    return 0;
}

int tags_remove(struct op *op, struct str arn, struct strs keys)
{
    for (size_t i = 0; i < keys.count; i++)
        TRY(db_exec(op->db, NULL, "DELETE FROM tag WHERE arn = $1 AND key = $2",
                    ARGS(V(arn), V(keys.items[i]))));
    return 0;
}

int tags_remove_all(struct op *op, struct str arn)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM tag WHERE arn = $1", ARGS(V(arn))));
    return 0;
}

int tags_of(struct db *db, struct arena *a, struct str arn, struct tag **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(db, a, &tag_mapping, &items, ret_count,
               "SELECT key, value FROM tag WHERE arn = $1 ORDER BY key", ARGS(V(arn))));
    *ret = items;
    return 0;
}

/* The SQL is made of fixed pieces and $n; every value is a parameter. */
struct query {
    struct buf sql;
    struct db_param params[512];
    size_t n_params;
};

static bool add_param(struct query *q, struct str s)
{
    if (q->n_params == ARRAY_LEN(q->params))
        return false;
    q->params[q->n_params++] = db_param_str(s);
    buf_fmt(&q->sql, "$%zu", q->n_params);
    return true;
}

static bool add_list(struct query *q, struct strs values)
{
    bool fits = true;
    buf_lit(&q->sql, "(");
    for (size_t i = 0; i < values.count; i++) {
        if (i)
            buf_lit(&q->sql, ", ");
        fits = add_param(q, values.items[i]) && fits;
    }
    buf_lit(&q->sql, ")");
    return fits;
}

static bool add_filter(struct query *q, const struct tag_filter *filter)
{
    buf_lit(&q->sql, " AND EXISTS (SELECT 1 FROM tag f WHERE f.arn = tag.arn AND f.key = ");
    bool fits = add_param(q, filter->key);
    if (filter->values.count > 0) {
        buf_lit(&q->sql, " AND f.value IN ");
        fits = add_list(q, filter->values) && fits;
    }
    buf_lit(&q->sql, ")");
    return fits;
}

int tags_find(struct db *db, struct arena *a, struct str account, struct str region,
              struct strs types, const struct tag_filter *filters, size_t n_filters,
              struct str after, int64_t limit, struct tagged **ret, size_t *ret_count)
{
    struct query *q = arena_new(a, struct query);
    void *items;

    q->sql = buf_in(a);
    buf_lit(&q->sql, "SELECT DISTINCT arn, account, region, type FROM tag WHERE account = ");
    bool fits = add_param(q, account);
    buf_lit(&q->sql, " AND region = ");
    fits = add_param(q, region) && fits;
    buf_lit(&q->sql, " AND arn > ");
    fits = add_param(q, str_or_empty(after)) && fits;
    if (types.count > 0) {
        buf_lit(&q->sql, " AND type IN ");
        fits = add_list(q, types) && fits;
    }
    for (size_t i = 0; i < n_filters; i++)
        fits = add_filter(q, &filters[i]) && fits;
    if (!fits)
        return FAULT(E2BIG); /* the callers' own bounds are far below */
    buf_fmt(&q->sql, " ORDER BY arn LIMIT %lld", (long long)limit);

    struct db_params params = { q->params, q->n_params };
    TRY(db_all(db, a, &tagged_mapping, &items, ret_count, buf_str(&q->sql).p, params));
    *ret = items;
    return 0;
}
