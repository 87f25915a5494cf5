/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts that the agent reads: settings, a proxy's address, what a server's headers say
 * of time, a reply whose output is to be dropped. A reply is stripped once and for all.
 */
#include "agent/config.h"
#include "agent/queue.h"
#include "base/retry.h"
#include "sys/light_proxy.h"
#include "wire/skew.h"

#include "fuzz.h"

#define NOON ((msec)1700049600000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = { (const char *)data, size };
    struct arena a = { 0 };
    struct config config;
    struct light_proxy proxy;
    struct str why = { 0 }, stripped, again;
    msec skew = 0;

    if (size > 4096)
        return 0;
    config_defaults(&config);
    if (!config_parse(&a, &config, s, &why))
        assert(why.len > 0);
    if (light_proxy_parse(&a, s, &proxy))
        assert(proxy.host.len > 0 && str_is_digits(proxy.port));
    assert(retry_after(s, S("Wed, 15 Nov 2023 12:00:00 GMT")) >= 0);
    if (skew_learn(s, 0, &skew))
        assert(skew > SKEW_LEAST || skew < -SKEW_LEAST);
    skew = skew_recall(s, S("b007"), NOON, MSEC_HOUR);
    assert(skew == 0 || skew > SKEW_LEAST || skew < -SKEW_LEAST);
    if (queue_strip(&a, s, &stripped))
        assert(!queue_strip(&a, stripped, &again));
    arena_done(&a);
    return 0;
}
