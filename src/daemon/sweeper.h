/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes blobs that no row refers to: what a deleted object, an updated function, an expired
 * baseline or a crash between a blob and its row leaves behind.
 *
 * A blob is swept an hour after it was last put, at the earliest: a handler puts the blob first
 * and its row is committed after it. A row never comes to name an old blob in any other way than
 * by putting it again, which makes it young, or by copying a row that names it.
 */
#pragma once

#include "api/ports.h"
#include "daemon/datadir.h"

struct sweeper;

/* Sweeps now and then every hour, on a thread of its own. */
MUST_CHECK int sweeper_start(struct datadir *data, const struct plane *plane, struct sweeper **ret);
void sweeper_stop(struct sweeper *s); /* takes NULL */
