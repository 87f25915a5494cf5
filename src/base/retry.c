/* SPDX-License-Identifier: Apache-2.0 */
#include "base/retry.h"

#include "base/time.h"

static msec window_after(const struct retry *r, int64_t failures)
{
    msec window = r->first < r->longest ? r->first : r->longest;

    for (int64_t i = 1; i < failures && window < r->longest; i++)
        window = window > r->longest / 2 ? r->longest : window * 2;
    return window > 0 ? window : 1;
}

msec retry_pause(const struct retry *r, int64_t failures, uint32_t random)
{
    msec window = window_after(r, failures), least = window / 8;
    double part = (double)random / (double)UINT32_MAX;
    msec pause = least + (msec)((double)(window - least) * part);

    return pause > 0 ? pause : 1;
}

msec retry_after(struct str value, struct str date)
{
    int64_t seconds;
    msec at, there;

    if (str_is_digits(value) && str_to_int(value, &seconds) && seconds < INT64_MAX / MSEC_SECOND)
        return seconds * MSEC_SECOND;
    if (time_parse_http(value, &at) && time_parse_http(date, &there) && at > there)
        return at - there;
    return 0;
}
