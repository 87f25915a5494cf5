/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/skew.h"

#include "base/time.h"

bool skew_learn(struct str date, msec now, msec *skew)
{
    msec there, old = *skew;

    if (!time_parse_http(date, &there))
        return false;
    msec seen = there - now;
    *skew = seen > SKEW_LEAST || seen < -SKEW_LEAST ? seen : 0;
    return *skew - old > SKEW_LEAST || old - *skew > SKEW_LEAST;
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
