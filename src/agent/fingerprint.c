/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fingerprint.h"

static const char *const names[HOST_FACTS] = {
    [HOST_MACHINE_ID] = "machine-id", [HOST_ADDRESS] = "address",
    [HOST_NAME] = "hostname",         [HOST_MAC] = "mac",
    [HOST_PRODUCT] = "product",       [HOST_BIOS] = "bios",
    [HOST_DISKS] = "disks",
};

/* Only what was known then and is known now can speak for anything. */
static bool differs(const struct host_facts *noted, const struct host_facts *now, size_t i)
{
    return !str_is_empty(noted->values[i]) && !str_is_empty(now->values[i]) &&
           !str_eq(noted->values[i], now->values[i]);
}

enum fingerprint_verdict fingerprint_compare(const struct host_facts *noted,
                                             const struct host_facts *now, int64_t percent)
{
    int64_t n_noted = 0, n_held = 0;
    bool is_as_noted = true;

    for (size_t i = 0; i < HOST_FACTS; i++) {
        is_as_noted = is_as_noted && str_eq(noted->values[i], now->values[i]);
        n_noted += !str_is_empty(noted->values[i]);
        n_held += !str_is_empty(noted->values[i]) && !differs(noted, now, i);
    }
    bool is_elsewhere = differs(noted, now, HOST_ADDRESS) && n_held * 100 < n_noted * percent;
    if (percent > 0 && (differs(noted, now, HOST_MACHINE_ID) || is_elsewhere))
        return FINGERPRINT_COPY;
    return is_as_noted ? FINGERPRINT_SAME : FINGERPRINT_DRIFTED;
}

const char *fingerprint_fact_name(enum host_fact fact)
{
    return names[fact];
}

struct value *fingerprint_facts_to_value(struct arena *a, const struct host_facts *facts)
{
    struct value *v = value_map(a);

    for (size_t i = 0; i < HOST_FACTS; i++)
        if (!str_is_empty(facts->values[i]))
            value_set_str(a, v, str_of(names[i]), facts->values[i]);
    return v;
}

struct host_facts fingerprint_facts_from_value(const struct value *v)
{
    struct host_facts facts = { 0 };

    for (size_t i = 0; i < HOST_FACTS; i++)
        facts.values[i] = value_get_str(v, str_of(names[i]));
    return facts;
}
