/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data directory: who may use it (one process), its database, its master
 * key, its blobs, and what the first start puts into it.
 *
 *   lock         held while a patchbayd runs
 *   patchbay.db  SQLite, with -wal and -shm beside it
 *   master.key   32 bytes, 0600: seals secrets and tokens; back it up apart
 *   credentials  0600: an AWS shared-credentials file, written at the first start
 *   blobs/       content-addressed bytes
 *   run/         sockets of running functions
 */
#pragma once

#include "api/dispatch.h"
#include "daemon/config.h"
#include "sys/blob.h"

struct datadir {
    struct arena *a;
    struct str path;
    int lock;
    struct db *writer;
    struct blob_dir *blobs;
};

/* Opens or makes it, migrates the database, reads or makes the master key. Faults carry
 * a sentence for a person. */
MUST_CHECK int datadir_open(struct arena *a, struct str path, struct plane *plane,
                            struct datadir *ret);
void datadir_close(struct datadir *d);

/* A reader of the database, for runtime_config. `context` is the struct datadir. */
MUST_CHECK int datadir_reader(void *context, struct db **ret);

/* Makes the management account and its keys if there is none yet, and writes the
 * credentials file. Needs the runtime. */
MUST_CHECK int datadir_first_start(struct datadir *d, struct plane *plane,
                                   const struct config *config);

/* The file `name` in the directory. */
const char *datadir_file(const struct datadir *d, const char *name);

/* Adds or replaces profiles in an AWS shared-credentials file. */
struct profile {
    struct str name, access_key, secret;
};
MUST_CHECK int datadir_write_profiles(const struct datadir *d, const struct profile *profiles,
                                      size_t count);
