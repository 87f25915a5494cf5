/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite driver. The statement cache is set-associative and bounded, so a
 * connection's memory is bounded however many SQL texts there are.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

#include "store/driver.h"

#define CACHE_SETS      64
#define CACHE_WAYS      4
#define BUSY_TIMEOUT_MS 10000
#define MAX_PARAMETERS  100

struct sqlite_statement {
    struct db_statement head;
    sqlite3_stmt *stmt;
    char *sql;
    uint64_t hash, used_at;
    size_t n_args;
    uint8_t *args; /* of each SQLite parameter: which $n it is, from 0 */
    int n_parameters;
    bool is_read_only;
};

struct sqlite_db {
    struct db head;
    sqlite3 *handle;
    uint64_t uses;
    struct sqlite_statement *cache[CACHE_SETS][CACHE_WAYS];
};

static struct sqlite_db *own(struct db *db)
{
    return (struct sqlite_db *)db;
}

static struct sqlite_statement *own_statement(struct db_statement *s)
{
    return (struct sqlite_statement *)s;
}

static void *allocated(void *p)
{
    if (!p)
        abort();
    return p;
}

/* --- errors --------------------------------------------------------------- */

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EBUSY;
    case SQLITE_READONLY:
        return EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return EUCLEAN;
    case SQLITE_NOMEM:
        return ENOMEM;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return EACCES;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return EIO;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_INTERRUPT:
        return ECANCELED;
    }
    return EINVAL;
}

static int fault(struct sqlite_db *db, int code, const char *sql)
{
    return err_fault(errno_of(code), "sqlite: %s (%s): %.200s",
                     db->handle ? sqlite3_errmsg(db->handle) : "no memory", sqlite3_errstr(code),
                     sql);
}

/* SQLite meets a full disk as SQLITE_FULL in write() and as SQLITE_IOERR in
 * fsync(), in ftruncate() or in the shared memory file. */
static int failed(struct sqlite_db *db, int code, bool writes, const char *sql)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
        code == SQLITE_CONSTRAINT_ROWID)
        return DB_CONFLICT;
    if (writes && ((code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_TOOBIG ||
                   (code & 0xff) == SQLITE_IOERR))
        return DB_FULL;
    return fault(db, code, sql);
}

/* --- the statement cache -------------------------------------------------- */

/* Word-wise multiply and fold: the texts are our own, nobody aims collisions. */
static uint64_t hash_text(const char *text, size_t len)
{
    uint64_t h = len;

    for (size_t i = 0; i < len; i += sizeof(h)) {
        uint64_t word = 0;
        memcpy(&word, text + i, len - i < sizeof(word) ? len - i : sizeof(word));
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    }
    return h;
}

static void drop(struct sqlite_statement *s)
{
    if (!s)
        return;
    sqlite3_finalize(s->stmt);
    free(s->head.places);
    free(s->args);
    free(s->sql);
    free(s);
}

/* SQLite takes $1 for a name and numbers names by first appearance: note which
 * argument each is. Every argument must be used, as PostgreSQL demands. */
static int number_parameters(struct sqlite_statement *s)
{
    uint8_t used[MAX_PARAMETERS] = { 0 };

    s->n_parameters = sqlite3_bind_parameter_count(s->stmt);
    if (s->n_parameters > MAX_PARAMETERS)
        return err_fault(EINVAL, "more than %d parameters: %s", MAX_PARAMETERS, s->sql);
    s->args = allocated(calloc((size_t)s->n_parameters + 1, 1));
    for (int i = 0; i < s->n_parameters; i++) {
        const char *name = sqlite3_bind_parameter_name(s->stmt, i + 1);
        int64_t n;
        if (!name || name[0] != '$' || !str_to_int(str_of(name + 1), &n) || n < 1 ||
            n > s->n_parameters)
            return err_fault(EINVAL, "parameter %s is not of $1..$%d: %s", name ? name : "?",
                             s->n_parameters, s->sql);
        s->args[i] = (uint8_t)(n - 1);
        used[n - 1] = 1;
    }
    for (int i = 0; i < s->n_parameters; i++)
        if (!used[i])
            return err_fault(EINVAL, "parameter $%d is missing: %s", i + 1, s->sql);
    s->n_args = (size_t)s->n_parameters;
    return 0;
}

static int prepare(struct sqlite_db *db, const char *sql, size_t len, uint64_t hash,
                   struct sqlite_statement **ret)
{
    const char *tail = NULL;
    sqlite3_stmt *stmt = NULL;
    int code =
        sqlite3_prepare_v3(db->handle, sql, (int)len + 1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);

    if (code != SQLITE_OK)
        return fault(db, code, sql);
    struct sqlite_statement *s = allocated(calloc(1, sizeof(*s)));
    s->stmt = stmt;
    s->sql = allocated(strdup(sql));
    s->hash = hash;
    s->is_read_only = stmt && sqlite3_stmt_readonly(stmt);

    int result = 0;
    if (!stmt || !str_is_empty(str_trim(str_of(tail))))
        result = err_fault(EINVAL, "not exactly one statement: %s", sql);
    else
        result = number_parameters(s);
    if (result != 0) {
        drop(s);
        return err_forward(result, __func__, __FILE__, __LINE__);
    }
    *ret = s;
    return 0;
}

static int cached(struct sqlite_db *db, const char *sql, struct sqlite_statement **ret)
{
    size_t len = strlen(sql);
    uint64_t hash = hash_text(sql, len);
    struct sqlite_statement **set = db->cache[hash >> 32 & (CACHE_SETS - 1)];
    struct sqlite_statement **victim = &set[0];

    for (size_t i = 0; i < CACHE_WAYS; i++) {
        if (set[i] && set[i]->hash == hash && strcmp(set[i]->sql, sql) == 0) {
            set[i]->used_at = ++db->uses;
            *ret = set[i];
            return 0;
        }
        if (!set[i] || (*victim && set[i]->used_at < (*victim)->used_at))
            victim = &set[i];
    }

    struct sqlite_statement *fresh = NULL;
    TRY(prepare(db, sql, len, hash, &fresh));
    drop(*victim);
    fresh->used_at = ++db->uses;
    *victim = fresh;
    *ret = fresh;
    return 0;
}

/* --- statements ----------------------------------------------------------- */

static int bind(struct sqlite_statement *s, int i, const struct db_param *p)
{
    /* There is one: who calls has compared the counts. NOLINTNEXTLINE(clang-analyzer-core.*) */
    switch (p->type) {
    case DB_NULL:
        return sqlite3_bind_null(s->stmt, i);
    case DB_INT:
        return sqlite3_bind_int64(s->stmt, i, p->integer);
    case DB_TEXT:
        return sqlite3_bind_text64(s->stmt, i, p->text.p, p->text.len, SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        return sqlite3_bind_blob64(s->stmt, i, p->text.p, p->text.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int sqlite_start(struct db *db, const char *sql, struct db_params args,
                        struct db_statement **ret)
{
    struct sqlite_statement *s = NULL;

    TRY(cached(own(db), sql, &s));
    if (args.count != s->n_args)
        return err_fault(EINVAL, "%zu arguments for $1..$%zu: %s", args.count, s->n_args, sql);
    for (int i = 0; i < s->n_parameters; i++) {
        int code = bind(s, i + 1, &args.items[s->args[i]]);
        if (code == SQLITE_TOOBIG)
            return DB_FULL;
        if (code != SQLITE_OK)
            return err_below_0(fault(own(db), code, sql));
    }
    *ret = &s->head;
    return 0;
}

static int sqlite_next(struct db *db, struct db_statement *statement)
{
    struct sqlite_statement *s = own_statement(statement);
    int code = sqlite3_step(s->stmt);

    if (code == SQLITE_ROW)
        return 0;
    if (code == SQLITE_DONE)
        return DB_NO_ROW;
    return failed(own(db), code, !s->is_read_only, s->sql);
}

static size_t sqlite_n_columns(const struct db_statement *s)
{
    return (size_t)sqlite3_column_count(((const struct sqlite_statement *)s)->stmt);
}

static const char *sqlite_column_name(const struct db_statement *s, size_t i)
{
    const char *name = sqlite3_column_name(((const struct sqlite_statement *)s)->stmt, (int)i);
    if (!name)
        abort(); /* no memory */
    return name;
}

static int sqlite_cell(const struct db_statement *statement, size_t i, struct db_cell *ret)
{
    sqlite3_stmt *s = ((const struct sqlite_statement *)statement)->stmt;
    int column = (int)i;
    const void *bytes;

    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        *ret = (struct db_cell){ .type = DB_NULL };
        return 0;
    case SQLITE_INTEGER:
        *ret = (struct db_cell){ .type = DB_INT, .integer = sqlite3_column_int64(s, column) };
        return 0;
    case SQLITE_TEXT:
        bytes = sqlite3_column_text(s, column);
        if (!bytes)
            abort(); /* no memory */
        *ret = (struct db_cell){ .type = DB_TEXT,
                                 .text = { bytes, (size_t)sqlite3_column_bytes(s, column) } };
        return 0;
    case SQLITE_BLOB: /* NULL where it is empty */
        bytes = sqlite3_column_blob(s, column);
        *ret = (struct db_cell){
            .type = DB_BLOB,
            .text = { bytes ? bytes : "", (size_t)sqlite3_column_bytes(s, column) },
        };
        return 0;
    }
    return err_fault(EINVAL, "column %s is neither text, integer nor blob",
                     sqlite3_column_name(s, column));
}

static int64_t sqlite_changed(struct db *db)
{
    return sqlite3_changes64(own(db)->handle);
}

static void sqlite_finish(struct db *db, struct db_statement *s)
{
    (void)db;
    sqlite3_reset(own_statement(s)->stmt);
}

/* --- transactions --------------------------------------------------------- */

static int run(struct db *db, const char *sql)
{
    struct db_statement *s;

    TRY(sqlite_start(db, sql, NO_ARGS, &s));
    int result = sqlite_next(db, s);
    sqlite_finish(db, s);
    return result == DB_NO_ROW ? 0 : result;
}

static bool sqlite_is_open(struct db *db)
{
    return !sqlite3_get_autocommit(own(db)->handle);
}

static void sqlite_rollback(struct db *db)
{
    if (sqlite_is_open(db) && run(db, "ROLLBACK") != 0)
        abort(); /* documented not to fail; nothing sound could follow */
}

/* A reader's snapshot begins with its first read, so read something. */
static int take_snapshot(struct db *db)
{
    int result = run(db, "SELECT 1 FROM sqlite_schema LIMIT 1");
    if (result == 0) /* a row */
        return 0;
    sqlite_rollback(db);
    return result;
}

static int sqlite_begin(struct db *db, bool writes)
{
    PASS(run(db, writes ? "BEGIN IMMEDIATE" : "BEGIN"));
    if (!writes)
        TRY(take_snapshot(db));
    return 0;
}

static int sqlite_commit(struct db *db)
{
    struct db_statement *s;

    TRY(sqlite_start(db, "COMMIT", NO_ARGS, &s));
    int code = sqlite3_step(own_statement(s)->stmt);
    int result = code == SQLITE_DONE ? 0 : failed(own(db), code, true, "COMMIT");
    sqlite_finish(db, s);
    return result;
}

static int sqlite_script(struct db *db, const char *sql)
{
    int code = sqlite3_exec(own(db)->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : failed(own(db), code, true, sql);
}

static void sqlite_close(struct db *db)
{
    struct sqlite_db *d = own(db);

    for (size_t i = 0; i < CACHE_SETS; i++)
        for (size_t k = 0; k < CACHE_WAYS; k++)
            drop(d->cache[i][k]);
    sqlite3_close_v2(d->handle);
    free(d);
}

/* --- opening -------------------------------------------------------------- */

static const struct db_driver sqlite_driver = {
    .start = sqlite_start,
    .next = sqlite_next,
    .n_columns = sqlite_n_columns,
    .column_name = sqlite_column_name,
    .cell = sqlite_cell,
    .changed = sqlite_changed,
    .finish = sqlite_finish,
    .script = sqlite_script,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .is_open = sqlite_is_open,
    .close = sqlite_close,
};

/* Before SQLite would, so that what it holds is for its owner alone; the other
 * files of the database take over this file's mode. */
static int create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return err_fault(errno, "cannot create %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

static int settle(struct sqlite_db *db, bool writable)
{
    /* A checkpoint each 4 MB of log; what a long reader made the log grow to is
     * given back. SQLite keeps the page cache of a connection under 2 MB. */
    static const char *const writer = "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA foreign_keys = ON;"
                                      "PRAGMA temp_store = MEMORY;"
                                      "PRAGMA wal_autocheckpoint = 1000;"
                                      "PRAGMA journal_size_limit = 16777216;";
    static const char *const reader = "PRAGMA foreign_keys = ON;"
                                      "PRAGMA temp_store = MEMORY;"
                                      "PRAGMA query_only = ON;";

    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    const char *script = writable ? writer : reader;
    int code = sqlite3_exec(db->handle, script, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fault(db, code, script);
}

static int check_log(struct sqlite_db *db, bool in_memory)
{
    struct arena a = { 0 };
    struct str mode;
    int result = db_str(&db->head, &a, &mode, "PRAGMA journal_mode", NO_ARGS);

    if (result == 0 && !in_memory && !str_eq(mode, S("wal")))
        result =
            err_fault(ENOTSUP, "the file system allows no write-ahead log (mode %.*s)", STR(mode));
    arena_done(&a);
    TRY(result);
    return 0;
}

static int open_handle(struct sqlite_db *db, const char *path, bool writable)
{
    bool in_memory = strcmp(path, ":memory:") == 0;

    if (writable && !in_memory)
        TRY(create(path));
    int code =
        sqlite3_open_v2(path, &db->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return fault(db, code, path);
    TRY(settle(db, writable));
    TRY(check_log(db, in_memory));
    return 0;
}

/* Statistics of memory would be kept under a lock that every allocation of every thread takes. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open_sqlite(const char *path, bool writable, struct db **ret)
{
    static once_flag configured = ONCE_FLAG_INIT;

    call_once(&configured, configure);
    struct sqlite_db *db = allocated(calloc(1, sizeof(*db)));

    db->head.driver = &sqlite_driver;
    int result = open_handle(db, path, writable);
    if (result != 0) {
        sqlite_close(&db->head);
        return err_forward(result, __func__, __FILE__, __LINE__);
    }
    *ret = &db->head;
    return 0;
}
