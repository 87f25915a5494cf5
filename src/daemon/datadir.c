/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/datadir.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/log.h"
#include "daemon/wiring.h"
#include "svc/iam/iam.h"
#include "svc/organizations/organizations.h"
#include "sys/file.h"

const char *datadir_file(const struct datadir *d, const char *name)
{
    return arena_fmt(d->a, "%.*s/%s", STR(d->path), name).p;
}

static int lock_it(struct datadir *d)
{
    int result = file_lock(datadir_file(d, "lock"), &d->lock);
    if (result == FILE_LOCKED)
        return err_fault(EBUSY, "%.*s is in use by another patchbayd", STR(d->path));
    TRY(result);
    return 0;
}

static int read_master_key(struct datadir *d, struct plane *plane, bool is_new)
{
    const char *path = datadir_file(d, "master.key");
    struct str key;

    int found = file_read(d->a, path, SEAL_KEY_SIZE, &key);
    if (found == FILE_ABSENT && is_new) {
        random_bytes(plane->master_key, SEAL_KEY_SIZE);
        TRY(file_write(path, (struct str){ (char *)plane->master_key, SEAL_KEY_SIZE }, 0600));
        return 0;
    }
    if (found == FILE_ABSENT)
        return err_fault(ENOENT, "%s is missing: without it the stored secrets cannot be opened",
                         path);
    if (found == FILE_TOO_LARGE || (found == 0 && key.len != SEAL_KEY_SIZE))
        return err_fault(EINVAL, "%s is not a master key (%d bytes)", path, SEAL_KEY_SIZE);
    TRY(found);
    memcpy(plane->master_key, key.p, SEAL_KEY_SIZE);
    return 0;
}

/* A key of the right size that belongs to another database would be found out only by
 * whoever signs a call. */
static int prove_master_key(struct datadir *d, const struct plane *plane)
{
    static const char about[] = "master.key";
    struct str sealed, box, text;
    int found = db_str(d->writer, d->a, &sealed, "SELECT sealed FROM master_key", NO_ARGS);

    if (found == DB_NO_ROW) {
        sealed = base64_encode(d->a, seal(d->a, plane->master_key, str_of(about), str_of(about)));
        found = db_exec(d->writer, NULL, "INSERT INTO master_key (id, sealed) VALUES (1, $1)",
                        ARGS(V(sealed)));
        if (found == DB_FULL)
            return err_fault(ENOSPC, "no space left in %.*s", STR(d->path));
    }
    TRY(found);
    if (!base64_decode(d->a, sealed, &box) ||
        !unseal(d->a, plane->master_key, str_of(about), box, &text))
        return err_fault(EKEYREJECTED, "%s is not the key that this database was sealed with",
                         datadir_file(d, "master.key"));
    return 0;
}

static int migrate(struct datadir *d)
{
    const struct schema *schemas[WIRING_MAX_SCHEMAS];
    size_t count;
    struct str why = S("");

    wiring_schemas(schemas, &count);
    int result = db_migrate(d->writer, d->a, schemas, count, &why);
    if (result == DB_TOO_NEW)
        return err_fault(EPROTO, "the database was written by a newer patchbayd: %.*s", STR(why));
    TRY(result);
    return 0;
}

static int port_put(void *context, struct str bytes, struct arena *a, struct str *ret_name)
{
    int result = blob_put(context, bytes, a, ret_name);
    if (result == BLOB_FULL)
        return err_fault(ENOSPC, "no space left for a blob");
    TRY(result);
    return 0;
}

static int port_get(void *context, struct str name, size_t limit, struct arena *a,
                    struct str *ret_bytes)
{
    int result = blob_get(context, name, limit, a, ret_bytes);
    if (result == BLOB_NONE)
        return PORT_NONE;
    if (result == BLOB_TOO_LARGE)
        return err_fault(EFBIG, "a blob is larger than expected");
    TRY(result);
    return 0;
}

int datadir_open(struct arena *a, struct str path, struct plane *plane, struct datadir *ret)
{
    *ret = (struct datadir){ .a = a, .path = path, .lock = -1 };

    TRY(file_make_dirs(arena_cstr(a, path), 0700));
    TRY(lock_it(ret));
    const char *db_path = datadir_file(ret, "patchbay.db");
    bool is_new = !file_exists(db_path);
    TRY(read_master_key(ret, plane, is_new));
    TRY(db_open_sqlite(db_path, true, &ret->writer));
    TRY(migrate(ret));
    TRY(prove_master_key(ret, plane));
    TRY(blob_open(datadir_file(ret, "blobs"), &ret->blobs));
    TRY(file_make_dirs(datadir_file(ret, "run"), 0700));
    plane->blobs = (struct blob_port){ ret->blobs, port_put, port_get };
    return 0;
}

void datadir_close(struct datadir *d)
{
    db_close(d->writer);
    blob_close(d->blobs);
    if (d->lock >= 0)
        file_unlock(d->lock);
    *d = (struct datadir){ .lock = -1 };
}

int datadir_reader(void *context, struct db **ret)
{
    const struct datadir *d = context;
    char path[PATH_MAX];

    /* On many threads: the shared arena is not for them. */
    int len = snprintf(path, sizeof(path), "%.*s/patchbay.db", STR(d->path));
    if (len < 0 || (size_t)len >= sizeof(path))
        return FAULT(ENAMETOOLONG);
    TRY(db_open_sqlite(path, false, ret));
    return 0;
}

/* --- credentials ---------------------------------------------------------- */

static bool is_replaced(struct str header, const struct profile *profiles, size_t count,
                        struct arena *a)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(header, arena_fmt(a, "[%.*s]", STR(profiles[i].name))))
            return true;
    return false;
}

/* Keeps the profiles it is not told to replace. */
int datadir_write_profiles(const struct datadir *d, const struct profile *profiles, size_t count)
{
    const char *path = datadir_file(d, "credentials");
    struct buf b = buf_in(d->a);
    struct str old = { 0 }, line;
    bool skipping = false;

    int found = file_read(d->a, path, 1024 * 1024, &old);
    if (found != 0 && found != FILE_ABSENT)
        TRY(found);
    while (str_next(&old, '\n', &line)) {
        struct str trimmed = str_trim(line);
        if (str_starts(trimmed, S("[")))
            skipping = is_replaced(trimmed, profiles, count, d->a);
        if (!skipping && (trimmed.len > 0 || b.len > 0))
            buf_fmt(&b, "%.*s\n", STR(line));
    }
    for (size_t i = 0; i < count; i++)
        buf_fmt(&b, "[%.*s]\naws_access_key_id = %.*s\naws_secret_access_key = %.*s\n",
                STR(profiles[i].name), STR(profiles[i].access_key), STR(profiles[i].secret));
    TRY(file_write(path, buf_str(&b), 0600));
    return 0;
}

struct first_start {
    struct str account;
    struct bootstrap_keys keys;
    struct arena *a;
    bool is_needed;
};

static struct str random_account(struct arena *a)
{
    struct str head = random_text(a, 1, "123456789");
    return arena_fmt(a, "%.*s%.*s", STR(head), STR(random_text(a, 11, "0123456789")));
}

static struct str keep(struct first_start *f, struct str s)
{
    return arena_dup(f->a, s); /* the operation's arena ends with the write */
}

static int make_account(struct op *op, void *context)
{
    struct first_start *f = context;
    struct bootstrap_keys keys;
    int64_t accounts;

    TRY(organizations_count(op, &accounts));
    f->is_needed = accounts == 0;
    if (!f->is_needed)
        return 0;
    TRY(organizations_create_standalone(op, f->account, S("management")));
    TRY(iam_bootstrap(op, f->account, &keys));
    f->keys = (struct bootstrap_keys){
        .root_key = keep(f, keys.root_key),
        .root_secret = keep(f, keys.root_secret),
        .admin_key = keep(f, keys.admin_key),
        .admin_secret = keep(f, keys.admin_secret),
        .admin_name = keep(f, keys.admin_name),
    };
    return 0;
}

/* A crash between the commit and the file loses the keys' only copy; `patchbayd admin
 * new-keys` makes others, and says so here. */
int datadir_first_start(struct datadir *d, struct plane *plane, const struct config *config)
{
    struct first_start f = { .a = d->a };

    f.account =
        str_is_set(config->management_account) ? config->management_account : random_account(d->a);
    TRY(plane_write(plane, make_account, &f));
    if (!f.is_needed) {
        if (!file_exists(datadir_file(d, "credentials")))
            log_notice("there is no %s; `patchbayd admin new-keys` makes new ones",
                       datadir_file(d, "credentials"));
        return 0;
    }
    const struct profile profiles[] = {
        { S("management"), f.keys.admin_key, f.keys.admin_secret },
        { S("management-root"), f.keys.root_key, f.keys.root_secret },
    };
    TRY(datadir_write_profiles(d, profiles, ARRAY_LEN(profiles)));
    log_notice("made the management account %.*s; its keys are in %s", STR(f.account),
               datadir_file(d, "credentials"));
    return 0;
}
