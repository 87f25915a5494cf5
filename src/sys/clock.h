/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time it is. The only file that asks.
 */
#pragma once

#include "base/defs.h"

msec clock_now(void);       /* of the wall: may jump */
msec clock_monotonic(void); /* since some moment, suspended time included: never goes back */
