/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that is minutes off would have every signature refused. The server's
 * answers say what time it is there (Date), refusals too, so a client signs by the
 * server's clock once it has heard from it. Only signatures follow it: whether a
 * certificate is valid is never decided by what its owner says the time is.
 */
#pragma once

#include "base/str.h"

#define SKEW_LEAST (2 * MSEC_MINUTE) /* smaller differences are left alone */

/* The server's clock minus ours, 0 if they agree. True if that is news: the request was
 * signed with another difference, and may fare better when it is signed again. */
bool skew_learn(struct str date, msec now, msec *skew);

/* An error code that a wrong clock may be the cause of. */
bool skew_may_explain(struct str code);
