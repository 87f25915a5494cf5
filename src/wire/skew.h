/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that is minutes off would have every signature refused. The server's
 * answers say what time it is there (Date), refusals too, so a client signs by the
 * server's clock once it has heard from it. Only signatures follow it: whether a
 * certificate is valid is never decided by what its owner says the time is.
 */
#pragma once

#include "base/arena.h"

#define SKEW_LEAST (2 * MSEC_MINUTE) /* smaller differences are left alone */

/* The server's clock minus ours, 0 if they agree. True if that is news: the request was
 * signed with another difference, and may fare better when it is signed again. */
bool skew_learn(struct str date, msec now, msec *skew);

/* A process that begins need not be refused first, where another of this boot has learnt. What
 * is kept is the server's clock against that which counts from the boot, so our own may be set
 * meanwhile; it is believed for a day, as the two drift apart. */
struct str skew_keep(struct arena *a, struct str boot_id, msec now, msec since_boot, msec skew);
msec skew_recall(struct str kept, struct str boot_id, msec now, msec since_boot); /* 0: unknown */

/* An error code that a wrong clock may be the cause of. */
bool skew_may_explain(struct str code);
