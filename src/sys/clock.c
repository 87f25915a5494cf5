/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/clock.h"

#include <time.h>

static msec read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (msec)t.tv_sec * MSEC_SECOND + t.tv_nsec / 1000000;
}

msec clock_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

msec clock_monotonic(void)
{
    return read_clock(CLOCK_BOOTTIME);
}
