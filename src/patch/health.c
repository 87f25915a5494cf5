/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/health.h"

#include <time.h>

#include "base/buf.h"
#include "patch/child.h"
#include "patch/proc_text.h"
#include "sys/clock.h"
#include "sys/file.h"

#define NET_MAX       ((size_t)8 * 1024 * 1024)
#define ASK_TIMEOUT   (20 * MSEC_SECOND)
#define PAUSE         (MSEC_SECOND / 2)
#define BOOT_TIMEOUT  (5 * MSEC_MINUTE)
#define EPHEMERAL_MIN 32768 /* where the kernel does not say */

/* ---- ports ---- */

/* Clients' sockets of UDP look like a server's; their ports are of this range. */
static unsigned ephemeral_from(struct arena *a)
{
    struct str text, low, high;
    int64_t from;

    if (file_read(a, "/proc/sys/net/ipv4/ip_local_port_range", 64, &text) != 0)
        return EPHEMERAL_MIN;
    str_cut(text, '\t', &low, &high);
    return str_to_int(str_trim(low), &from) && from > 0 && from < 65536 ? (unsigned)from
                                                                        : EPHEMERAL_MIN;
}

static void add_ports(struct arena *a, const char *path, enum proc_protocol protocol,
                      struct strs *ports)
{
    unsigned port, below = protocol == PROC_UDP ? ephemeral_from(a) : 65536;
    struct str text, line;

    if (file_read(a, path, NET_MAX, &text) != 0)
        return; /* a kernel without IPv6 */
    while (ports->count < HEALTH_MAX_PORTS && str_next(&text, '\n', &line)) {
        if (!proc_listening_port(line, protocol, &port) || port >= below)
            continue;
        struct str name = arena_fmt(a, "%s/%u", protocol == PROC_TCP ? "tcp" : "udp", port);
        if (!strs_have(*ports, name))
            ports->items[ports->count++] = name;
    }
}

static void read_ports(struct arena *a, struct health *h)
{
    h->ports.items = arena_array(a, struct str, HEALTH_MAX_PORTS);
    add_ports(a, "/proc/net/tcp", PROC_TCP, &h->ports);
    add_ports(a, "/proc/net/tcp6", PROC_TCP, &h->ports);
    add_ports(a, "/proc/net/udp", PROC_UDP, &h->ports);
    add_ports(a, "/proc/net/udp6", PROC_UDP, &h->ports);
}

/* ---- systemd ---- */

static int ask_systemctl(struct arena *a, const char *const *args, size_t count,
                         struct child_result *ret)
{
    static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                       "SYSTEMD_COLORS=0", NULL };
    struct child child = { .env = env, .timeout = ASK_TIMEOUT, .log = -1 };

    child_arg(a, &child, "systemctl");
    child_args(a, &child, args, count);
    child_arg(a, &child, NULL);
    TRY(child_run(a, &child, ret));
    return 0;
}

/* The folder is there if, and only if, systemd is the first process (sd_booted(3)). */
static int read_units(struct arena *a, struct health *h)
{
    static const char *const list[] = { "list-units", "--state=failed", "--all",
                                        "--plain",    "--no-legend",    "--no-pager" };
    static const char *const state[] = { "is-system-running" };
    struct child_result answer;

    if (!file_exists("/run/systemd/system"))
        return 0;
    TRY(ask_systemctl(a, list, ARRAY_LEN(list), &answer));
    if (answer.status != 0)
        return 0;
    h->is_systemd = true;
    h->failed_units = proc_unit_names(a, answer.output, HEALTH_MAX_UNITS);
    TRY(ask_systemctl(a, state, ARRAY_LEN(state), &answer));
    struct strs words = proc_unit_names(a, answer.output, 1); /* its status says the same */
    if (words.count == 1)
        h->system_state = words.items[0];
    return 0;
}

static bool is_booting(struct str state)
{
    return str_eq(state, S("initializing")) || str_eq(state, S("starting"));
}

/* Where systemd does not run, or does not answer, there is nothing to wait for. */
int health_await_boot(const struct host *host)
{
    msec deadline = clock_monotonic() + BOOT_TIMEOUT;
    bool is_over = !str_eq(host->root, S("/"));
    int result = 0;

    while (result == 0 && !is_over && clock_monotonic() < deadline) {
        struct arena a = { 0 };
        struct health h = { 0 };

        result = read_units(&a, &h);
        is_over = !is_booting(h.system_state);
        arena_done(&a);
        if (result == 0 && !is_over)
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE * 1000000 }, NULL);
    }
    return result;
}

int health_read(struct arena *a, const struct host *host, struct health *ret)
{
    struct health h = { .boot_id = host->boot_id };

    if (str_eq(host->root, S("/"))) {
        read_ports(a, &h);
        TRY(read_units(a, &h));
    }
    *ret = h;
    return 0;
}

/* ---- the difference ---- */

static struct strs missing_from(struct arena *a, struct strs all, struct strs have)
{
    struct strs missing = { .items = arena_array(a, struct str, all.count + 1) };

    for (size_t i = 0; i < all.count; i++)
        if (!strs_have(have, all.items[i]))
            missing.items[missing.count++] = all.items[i];
    return missing;
}

static bool is_rescue(struct str state)
{
    return str_eq(state, S("maintenance"));
}

struct health_change health_compare(struct arena *a, const struct health *before,
                                    const struct health *after)
{
    struct health_change change = { .are_units_known = before->is_systemd && after->is_systemd };

    change.lost_ports = missing_from(a, before->ports, after->ports);
    if (change.are_units_known) {
        change.failed_units = missing_from(a, after->failed_units, before->failed_units);
        if (!str_eq(before->system_state, after->system_state)) {
            change.state_before = before->system_state;
            change.state_after = after->system_state;
        }
        change.is_boot_unclean = is_rescue(after->system_state) && !is_rescue(before->system_state);
    }
    return change;
}

static struct strs ports_that_count(struct arena *a, const struct settings *settings,
                                    const struct health_change *change)
{
    struct strs count = { .items = arena_array(a, struct str, change->lost_ports.count + 1) };

    for (size_t i = 0; i < change->lost_ports.count; i++)
        if (settings->fail_on_any_lost_port ||
            strs_have(settings->fail_on_lost_ports, change->lost_ports.items[i]))
            count.items[count.count++] = change->lost_ports.items[i];
    return count;
}

struct str health_failure(struct arena *a, const struct settings *settings,
                          const struct health_change *change)
{
    struct strs ports = ports_that_count(a, settings, change);
    struct buf out = buf_in(a);

    if (settings->fail_on_failed_units && change->is_boot_unclean)
        buf_lit(&out, "the system came up in its rescue mode");
    if (settings->fail_on_failed_units && change->failed_units.count > 0)
        buf_fmt(&out, "%sunits failed in the course of it: %.*s", out.len > 0 ? "; " : "",
                STR(arena_join(a, change->failed_units, S(", "))));
    if (ports.count > 0)
        buf_fmt(&out, "%snothing listens any more on: %.*s", out.len > 0 ? "; " : "",
                STR(arena_join(a, ports, S(", "))));
    return out.len > 0 ? buf_str(&out) : (struct str){ 0 };
}

int health_settle(struct arena *a, const struct host *host, const struct settings *settings,
                  const struct health *before, struct health *ret_after,
                  struct health_change *ret_change)
{
    msec deadline = clock_monotonic() + settings->health_wait;

    for (;;) {
        TRY(health_read(a, host, ret_after));
        *ret_change = health_compare(a, before, ret_after);
        if (!str_is_set(health_failure(a, settings, ret_change)) ||
            clock_monotonic() + PAUSE > deadline)
            return 0;
        nanosleep(&(struct timespec){ .tv_nsec = PAUSE * 1000000 }, NULL);
    }
}

/* ---- telling ---- */

struct str health_text(struct arena *a, const struct health_change *change)
{
    struct buf out = buf_in(a);

    if (change->is_boot_unclean)
        buf_lit(&out, "health: the system is in its rescue mode\n");
    if (str_is_set(change->state_before) && str_is_set(change->state_after))
        buf_fmt(&out, "health: systemd says \"%.*s\" now, and said \"%.*s\" before the install\n",
                STR(change->state_after), STR(change->state_before));
    for (size_t i = 0; i < change->failed_units.count; i++)
        buf_fmt(&out, "health: unit %.*s has failed since before the install\n",
                STR(change->failed_units.items[i]));
    for (size_t i = 0; i < change->lost_ports.count; i++)
        buf_fmt(&out, "health: nothing listens on %.*s, as something did before the install\n",
                STR(change->lost_ports.items[i]));
    return buf_str(&out);
}

struct value *health_json(struct arena *a, const struct health *health)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("bootId"), health->boot_id);
    value_set(a, v, S("ports"), value_strings(a, health->ports));
    value_set_bool(a, v, S("systemd"), health->is_systemd);
    if (health->is_systemd)
        value_set(a, v, S("failedUnits"), value_strings(a, health->failed_units));
    if (str_is_set(health->system_state))
        value_set_str(a, v, S("systemState"), health->system_state);
    return v;
}

static struct strs strings_of(struct arena *a, const struct value *v, size_t max)
{
    struct strs all = { .items = arena_array(a, struct str, max) };

    for (size_t i = 0; i < value_count(v) && all.count < max; i++)
        if (value_is(value_at(v, i), VALUE_STRING))
            all.items[all.count++] = value_str(value_at(v, i));
    return all;
}

struct health health_parse(struct arena *a, const struct value *v)
{
    struct str boot_id = value_get_str(v, S("bootId"));

    return (struct health){
        .boot_id = str_or_empty(boot_id),
        .is_systemd = value_get_bool(v, S("systemd"), false),
        .system_state = value_get_str(v, S("systemState")),
        .failed_units = strings_of(a, value_get(v, S("failedUnits")), HEALTH_MAX_UNITS),
        .ports = strings_of(a, value_get(v, S("ports")), HEALTH_MAX_PORTS),
    };
}
