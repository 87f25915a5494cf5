/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/skew.h"

#include "base/time.h"

#define BELIEVED MSEC_DAY

static msec count(msec seen)
{
    return seen > SKEW_LEAST || seen < -SKEW_LEAST ? seen : 0;
}

bool skew_learn(struct str date, msec now, msec *skew)
{
    msec there, old = *skew;

    if (!time_parse_http(date, &there))
        return false;
    *skew = count(there - now);
    return *skew - old > SKEW_LEAST || old - *skew > SKEW_LEAST;
}

struct str skew_keep(struct arena *a, struct str boot_id, msec now, msec since_boot, msec skew)
{
    return arena_fmt(a, "%.*s %lld %lld\n", STR(boot_id), (long long)since_boot,
                     (long long)(now + skew));
}

static bool is_time(int64_t t)
{
    return t >= 0 && t < (int64_t)1 << 60;
}

msec skew_recall(struct str kept, struct str boot_id, msec now, msec since_boot)
{
    struct str boot, rest, at, there;
    int64_t learnt_at, time;

    if (!str_cut(str_trim(kept), ' ', &boot, &rest) || !str_cut(rest, ' ', &at, &there) ||
        !str_eq(boot, boot_id) || !str_to_int(at, &learnt_at) || !str_to_int(there, &time) ||
        !is_time(learnt_at) || !is_time(time))
        return 0;
    if (since_boot < learnt_at || since_boot - learnt_at > BELIEVED)
        return 0;
    return count(time + (since_boot - learnt_at) - now);
}

bool skew_may_explain(struct str code)
{
    static const char *const codes[] = {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (str_eq(code, str_of(codes[i])))
            return true;
    return false;
}
