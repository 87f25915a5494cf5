/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a host is before and after an Install: systemd's failed units and state, and
 * the ports that something listens on. What was before is kept with the run in the
 * journal, so that it is compared also with what is there after a reboot.
 */
#pragma once

#include "base/value.h"
#include "patch/host.h"
#include "patch/settings.h"

#define HEALTH_MAX_UNITS 256
#define HEALTH_MAX_PORTS 1024

struct health {
    bool is_systemd;         /* else units and state are not known */
    struct str system_state; /* running, degraded, starting...; absent: not known */
    struct strs failed_units;
    struct strs ports; /* "tcp/22" */
    struct str boot_id;
};

struct health_change {
    struct strs failed_units; /* that were well before */
    struct strs lost_ports;
    bool are_units_known;
    struct str state_before, state_after; /* of systemd, where both are known and differ */
    bool is_boot_unclean; /* systemd is in its rescue or emergency mode, and was not */
};

/* Faults only. Where the root is not "/" nothing is known. */
MUST_CHECK int health_read(struct arena *a, const struct host *host, struct health *ret);

/* Until systemd says that the boot is over, five minutes at most: before that a unit that will
 * fail has not yet, and a port is not yet served. Faults only. */
MUST_CHECK int health_await_boot(const struct host *host);

struct health_change health_compare(struct arena *a, const struct health *before,
                                    const struct health *after);

/* Look at the host until nothing that would fail the Install is left, for at most
 * settings->health_wait; only once where nothing would. */
MUST_CHECK int health_settle(struct arena *a, const struct host *host,
                             const struct settings *settings, const struct health *before,
                             struct health *ret_after, struct health_change *ret_change);

/* Why an Install fails by these settings; absent if it does not. */
struct str health_failure(struct arena *a, const struct settings *settings,
                          const struct health_change *change);

/* Lines for people about what is different; empty if nothing is. */
struct str health_text(struct arena *a, const struct health_change *change);

struct value *health_json(struct arena *a, const struct health *health);
struct health health_parse(struct arena *a, const struct value *v); /* NULL: nothing known */
