/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas, a module at a time: schema_version says how many of a module's
 * steps have been taken.
 */
#include "store/driver.h"

static int version_of(struct db *db, const char *module, int64_t *ret)
{
    int result = db_int(db, ret, "SELECT version FROM schema_version WHERE module = $1",
                        ARGS(V(str_of(module))));
    if (result == DB_NO_ROW) {
        *ret = 0;
        return 0;
    }
    TRY(result);
    return 0;
}

static int set_version(struct db *db, const char *module, int64_t version)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO schema_version (module, version) VALUES ($1, $2)"
                 " ON CONFLICT (module) DO UPDATE SET version = excluded.version",
                 ARGS(V(str_of(module)), V(version))));
    return 0;
}

static int bring_up(struct db *db, struct arena *a, const struct schema *schema,
                    struct str *ret_why)
{
    int64_t version;

    TRY(version_of(db, schema->module, &version));
    if (version == (int64_t)schema->count)
        return 0;
    if (version > (int64_t)schema->count) {
        if (ret_why)
            *ret_why = arena_fmt(a,
                                 "the database holds version %lld of the schema \"%s\", and this "
                                 "program knows up to %zu: use the newer program",
                                 (long long)version, schema->module, schema->count);
        return DB_TOO_NEW;
    }
    for (size_t i = (size_t)version; i < schema->count; i++)
        PASS(db->driver->script(db, schema->migrations[i].sql));
    PASS(set_version(db, schema->module, (int64_t)schema->count));
    return 0;
}

static int bring_all_up(struct db *db, struct arena *a, const struct schema *const *schemas,
                        size_t count, struct str *ret_why)
{
    PASS(db->driver->script(db, "CREATE TABLE IF NOT EXISTS schema_version ("
                                " module TEXT PRIMARY KEY,"
                                " version BIGINT NOT NULL)"));
    for (size_t i = 0; i < count; i++)
        PASS(bring_up(db, a, schemas[i], ret_why));
    return 0;
}

int db_migrate(struct db *db, struct arena *a, const struct schema *const *schemas, size_t count,
               struct str *ret_why)
{
    TRY(db_begin(db, true));
    int result = bring_all_up(db, a, schemas, count, ret_why);
    if (result == 0)
        result = db_commit(db);
    db_rollback(db);
    PASS(result);
    return 0;
}
