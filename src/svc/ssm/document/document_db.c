/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/document/document.h"

static const struct column document_columns[] = {
    COL_STR(struct document, name),
    COL_STR(struct document, type),
    COL_STR(struct document, version_name),
    COL_STR(struct document, display_name),
    COL_STR(struct document, target_type),
    COL_STR(struct document, format),
    COL_STR(struct document, content),
    COL_STR(struct document, hash),
    COL_STR(struct document, schema_version),
    COL_STR(struct document, description),
    COL_STR(struct document, platforms),
    COL_STR(struct document, owner),
    COL_I64(struct document, version),
    COL_I64(struct document, latest_version),
    COL_I64(struct document, default_version),
    COL_I64(struct document, created_at),
};
static const struct mapping document_mapping = MAPPING(struct document, document_columns);

/* The query decides what stands for the content: a list need not read it. */
#define SELECT_DOCUMENT(content)                                                                   \
    "SELECT v.name, d.type, v.version_name, v.display_name, v.target_type, v.format, " content     \
    " AS content, v.hash, v.schema_version, v.description, v.platforms, v.account AS owner,"       \
    " v.version, d.latest_version, d.default_version, v.created_at"                                \
    " FROM ssm_document d JOIN ssm_document_version v"                                             \
    " ON v.account = d.account AND v.region = d.region AND v.name = d.name "

int document_insert(struct op *op, const struct document *d)
{
    int result =
        db_exec(op->db, NULL,
                "INSERT INTO ssm_document (account, region, name, type, created_at,"
                " latest_version, default_version) VALUES ($1, $2, $3, $4, $5, 1, 1)",
                ARGS(V(op->account), V(op->region), V(d->name), V(d->type), V(d->created_at)));
    if (result == DB_CONFLICT)
        return DB_CONFLICT;
    TRY(result);
    return document_version_insert(op, d);
}

int document_version_insert(struct op *op, const struct document *d)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_document_version (account, region, name, version, version_name,"
                " display_name, target_type, format, content, hash, schema_version, description,"
                " platforms, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                ARGS(V(op->account), V(op->region), V(d->name), V(d->version), V(d->version_name),
                     V(d->display_name), V(d->target_type), V(d->format), V(d->content), V(d->hash),
                     V(d->schema_version), V(d->description), V(d->platforms), V(d->created_at))));
    return 0;
}

int document_set_latest(struct op *op, struct str name, int64_t version)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_document SET latest_version = $4"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name), V(version))));
    return 0;
}

int document_set_default(struct op *op, struct str name, int64_t version)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_document SET default_version = $4"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name), V(version))));
    return 0;
}

int document_delete(struct op *op, struct str name)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_document WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_document_version"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int document_version_delete(struct op *op, struct str name, int64_t version)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_document_version"
                " WHERE account = $1 AND region = $2 AND name = $3 AND version = $4",
                ARGS(V(op->account), V(op->region), V(name), V(version))));
    return 0;
}

int document_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM ssm_document WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int document_load(struct op *op, struct str name, int64_t version, struct document *ret)
{
    return db_one(
        op->db, op->arena, &document_mapping, ret,
        SELECT_DOCUMENT(
            "v.content") " WHERE d.account = $1 AND d.region = $2 AND d.name = $3 AND v.version ="
                         " CASE $4 WHEN 0 THEN d.latest_version WHEN -1 THEN d.default_version"
                         " ELSE $4 END",
        ARGS(V(op->account), V(op->region), V(name), V(version)));
}

int document_version_by_name(struct op *op, struct str name, struct str version_name, int64_t *ret)
{
    return db_int(op->db, ret,
                  "SELECT version FROM ssm_document_version"
                  " WHERE account = $1 AND region = $2 AND name = $3 AND version_name = $4"
                  " ORDER BY version DESC LIMIT 1",
                  ARGS(V(op->account), V(op->region), V(name), V(version_name)));
}

int document_list(struct op *op, struct document **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(
        op->db, op->arena, &document_mapping, &items, ret_count,
        SELECT_DOCUMENT(
            "NULL") " AND v.version = d.default_version WHERE d.account = $1 AND d.region = $2"
                    " ORDER BY d.name LIMIT $3",
        ARGS(V(op->account), V(op->region), V(DOCUMENTS_MAX))));
    *ret = items;
    return 0;
}

int document_versions(struct op *op, struct str name, int64_t before, int64_t limit,
                      struct document **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(
        op->db, op->arena, &document_mapping, &items, ret_count,
        SELECT_DOCUMENT(
            "NULL") " WHERE d.account = $1 AND d.region = $2 AND d.name = $3 AND v.version < $4"
                    " ORDER BY v.version DESC LIMIT $5",
        ARGS(V(op->account), V(op->region), V(name), V(before), V(limit))));
    *ret = items;
    return 0;
}
