/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/light_proxy.h"

#include <stdlib.h>

#include "base/hex.h"

static struct str variable(const char *lower, const char *upper)
{
    struct str value = str_of(getenv(lower));
    return str_is_empty(value) && upper ? str_of(getenv(upper)) : value;
}

static bool is_loopback(struct str host)
{
    return str_ieq(host, S("localhost")) || str_starts(host, S("127.")) || str_eq(host, S("::1"));
}

/* An entry means the name itself and everything under it; '*' means all. */
static bool is_exempt(struct str host, struct str list)
{
    struct str entry;

    while (str_next(&list, ',', &entry)) {
        entry = str_trim(entry);
        if (str_starts(entry, S(".")))
            entry = str_from(entry, 1);
        if (str_is_empty(entry) || entry.len > host.len)
            continue;
        struct str tail = str_from(host, host.len - entry.len);
        if (str_eq(entry, S("*")) ||
            (str_ieq(tail, entry) &&
             (tail.len == host.len || host.p[host.len - tail.len - 1] == '.')))
            return true;
    }
    return false;
}

static struct str basic(struct arena *a, struct str user)
{
    struct str plain;

    if (!percent_decode(a, user, false, &plain))
        return (struct str){ 0 };
    return arena_fmt(a, "Basic %.*s", STR(base64_encode(a, plain)));
}

struct light_proxy light_proxy_of(struct arena *a, bool is_tls, struct str host)
{
    struct light_proxy proxy = { 0 };
    struct str url = is_tls ? variable("https_proxy", "HTTPS_PROXY") : variable("http_proxy", NULL);
    struct str rest;

    if (is_loopback(host) || is_exempt(host, variable("no_proxy", "NO_PROXY")))
        return proxy;
    if (str_starts(url, S("http://")))
        url = str_from(url, 7);
    else if (str_contains(url, S("://")))
        return proxy;
    (void)str_cut(url, '/', &url, &rest);
    ptrdiff_t at = str_rfind(url, '@');
    if (at >= 0)
        proxy.credentials = basic(a, str_slice(url, 0, (size_t)at));
    url = str_from(url, (size_t)(at + 1));
    if (!str_cut(url, ':', &proxy.host, &proxy.port))
        proxy.port = S("3128");
    if (str_is_empty(proxy.host) || !str_is_digits(proxy.port))
        return (struct light_proxy){ 0 };
    return proxy;
}
