/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/light_proxy.h"

#include <errno.h>
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

static bool is_under(struct str host, struct str entry)
{
    if (str_starts(entry, S(".")))
        entry = str_from(entry, 1);
    if (str_is_empty(entry) || entry.len > host.len)
        return false;
    struct str tail = str_from(host, host.len - entry.len);
    return str_ieq(tail, entry) && (tail.len == host.len || host.p[host.len - tail.len - 1] == '.');
}

/* "host:port" and "[address]:port"; an address with colons of its own has no port. */
static void split_entry(struct str entry, struct str *ret_host, struct str *ret_port)
{
    ptrdiff_t bracket = str_find(entry, ']'), colon = str_rfind(entry, ':');
    bool is_bare_v6 = bracket < 0 && colon >= 0 && str_find(entry, ':') != colon;

    *ret_host = entry;
    *ret_port = (struct str){ 0 };
    if (colon > bracket && !is_bare_v6) {
        *ret_host = str_slice(entry, 0, (size_t)colon);
        *ret_port = str_from(entry, (size_t)colon + 1);
    }
    if (str_starts(*ret_host, S("[")) && str_ends(*ret_host, S("]")))
        *ret_host = str_slice(*ret_host, 1, ret_host->len - 2);
}

static bool is_exempt(struct str host, struct str port, struct str list)
{
    struct str entry, name, only;

    while (str_next(&list, ',', &entry)) {
        split_entry(str_trim(entry), &name, &only);
        if (str_is_set(only) && !str_eq(only, port))
            continue;
        if (str_eq(name, S("*")) || is_under(host, name))
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

bool light_proxy_parse(struct arena *a, struct str url, struct light_proxy *ret)
{
    struct light_proxy proxy = { 0 };
    struct str rest;

    if (str_starts(url, S("http://")))
        url = str_from(url, 7);
    else if (str_contains(url, S("://")))
        return false;
    if (str_cut(url, '/', &url, &rest) && !str_is_empty(rest))
        return false;
    ptrdiff_t at = str_rfind(url, '@');
    if (at >= 0)
        proxy.credentials = basic(a, str_slice(url, 0, (size_t)at));
    split_entry(str_from(url, (size_t)(at + 1)), &proxy.host, &proxy.port);
    if (!str_is_set(proxy.port))
        proxy.port = S("3128");
    if (str_is_empty(proxy.host) || !str_is_word(proxy.host, ".-_:") ||
        !str_is_digits(proxy.port) || proxy.port.len > 5 ||
        (at >= 0 && !str_is_set(proxy.credentials)))
        return false;
    *ret = proxy;
    return true;
}

int light_proxy_of(struct arena *a, bool is_tls, struct str host, struct str port,
                   struct light_proxy *ret)
{
    struct str url = is_tls ? variable("https_proxy", "HTTPS_PROXY") : variable("http_proxy", NULL);

    *ret = (struct light_proxy){ 0 };
    if (str_is_empty(url) || is_loopback(host) ||
        is_exempt(host, port, variable("no_proxy", "NO_PROXY")))
        return 0;
    return light_proxy_parse(a, url, ret) ? 0 : LIGHT_PROXY_UNUSABLE;
}

int light_proxy_export(const char *proxy, const char *no_proxy)
{
    if (proxy && (setenv("http_proxy", proxy, 1) != 0 || setenv("https_proxy", proxy, 1) != 0))
        return FAULT(errno);
    if (no_proxy && setenv("no_proxy", no_proxy, 1) != 0)
        return FAULT(errno);
    return 0;
}
