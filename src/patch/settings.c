/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/settings.h"

#include "sys/file.h"

#define FILE_MAX   ((size_t)256 * 1024)
#define MAX_PORTS  64
#define MIN_MEMORY 256 /* MiB: apt and its compressors do not run in less */

struct settings settings_default(void)
{
    return (struct settings){
        .health_wait = 30 * MSEC_SECOND,
        .niceness = 10,
        .io_level = 7,
        .memory_limit = (int64_t)2048 * 1024 * 1024,
        /* Together, and with a last --configure, below the 7200 s of the document's step: */
        .time_limit = 110 * MSEC_MINUTE,
        .script_limit = 3 * MSEC_MINUTE,
    };
}

struct str settings_time(struct arena *a, msec time)
{
    bool is_minutes = time % MSEC_MINUTE == 0;

    return arena_fmt(a, "%lld %s", (long long)(time / (is_minutes ? MSEC_MINUTE : MSEC_SECOND)),
                     is_minutes ? "minutes" : "seconds");
}

static bool set_bool(struct str value, bool *ret)
{
    if (!str_eq(value, S("yes")) && !str_eq(value, S("no")))
        return false;
    *ret = str_eq(value, S("yes"));
    return true;
}

static bool set_number(struct str value, int64_t min, int64_t max, int64_t *ret)
{
    int64_t n;

    if (!str_to_int(value, &n) || n < min || n > max)
        return false;
    *ret = n;
    return true;
}

/* Minutes, or with an "s" behind it seconds. */
static bool set_time(struct str value, int64_t max_minutes, msec *ret)
{
    bool is_seconds = str_ends(value, S("s"));
    int64_t unit = is_seconds ? MSEC_SECOND : MSEC_MINUTE, n;

    if (!set_number(str_slice(value, 0, value.len - is_seconds), 1,
                    max_minutes * MSEC_MINUTE / unit, &n))
        return false;
    *ret = n * unit;
    return true;
}

static bool is_port(struct str word)
{
    struct str protocol, number;
    int64_t port;

    return str_cut(word, '/', &protocol, &number) &&
           (str_eq(protocol, S("tcp")) || str_eq(protocol, S("udp"))) &&
           set_number(number, 1, 65535, &port) && str_is_digits(number) && number.p[0] != '0';
}

/* no, any, or "tcp/22 udp/53". */
static bool set_ports(struct arena *a, struct settings *s, struct str value)
{
    struct strs ports = { .items = arena_array(a, struct str, MAX_PORTS) };
    struct str word;

    s->fail_on_any_lost_port = str_eq(value, S("any"));
    s->fail_on_lost_ports = (struct strs){ 0 };
    if (s->fail_on_any_lost_port || str_eq(value, S("no")))
        return true;
    while (str_next(&value, ' ', &word)) {
        if (str_is_empty(word))
            continue;
        if (!is_port(word) || ports.count >= MAX_PORTS)
            return false;
        ports.items[ports.count++] = word;
    }
    s->fail_on_lost_ports = ports;
    return ports.count > 0;
}

static bool set_io(struct settings *s, struct str value)
{
    int64_t level;

    if (str_eq(value, S("none")))
        level = SETTINGS_IO_NONE;
    else if (str_eq(value, S("idle")))
        level = SETTINGS_IO_IDLE;
    else if (!set_number(value, 0, 7, &level))
        return false;
    s->io_level = (int)level;
    return true;
}

static bool set_known(struct arena *a, struct settings *s, struct str key, struct str value,
                      bool *ret_known)
{
    int64_t n = 0;
    bool good;

    *ret_known = true;
    if (str_eq(key, S("fail-on-failed-units")))
        return set_bool(value, &s->fail_on_failed_units);
    if (str_eq(key, S("fail-on-lost-ports")))
        return set_ports(a, s, value);
    if (str_eq(key, S("ionice")))
        return set_io(s, value);
    if (str_eq(key, S("health-wait"))) {
        good = set_number(value, 0, 600, &n);
        s->health_wait = good ? n * MSEC_SECOND : s->health_wait;
    } else if (str_eq(key, S("nice"))) {
        good = set_number(value, 0, 19, &n);
        s->niceness = good ? (int)n : s->niceness;
    } else if (str_eq(key, S("memory-limit"))) {
        good = set_number(value, 0, 1024 * 1024, &n) && (n == 0 || n >= MIN_MEMORY);
        s->memory_limit = good ? n * 1024 * 1024 : s->memory_limit;
    } else if (str_eq(key, S("time-limit"))) {
        good = set_time(value, 48 * 60, &s->time_limit);
    } else if (str_eq(key, S("script-limit"))) {
        good = set_time(value, 48 * 60, &s->script_limit);
    } else {
        *ret_known = good = false;
    }
    return good;
}

int settings_set(struct arena *a, struct settings *settings, struct str key, struct str value)
{
    bool known;

    if (set_known(a, settings, key, value, &known))
        return 0;
    return known ? SETTINGS_MALFORMED : SETTINGS_UNKNOWN;
}

int settings_read(struct arena *a, const char *path, struct settings *ret, struct str *ret_why)
{
    struct settings settings = settings_default();
    struct str text, line, key, value;
    int result = file_read(a, path, FILE_MAX, &text);

    if (result == FILE_ABSENT) {
        *ret = settings;
        return 0;
    }
    TRY(result);
    while (str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (str_is_empty(line) || line.p[0] == '#' || !str_cut(line, '=', &key, &value))
            continue;
        result = settings_set(a, &settings, str_trim(key), str_trim(value));
        if (result == SETTINGS_MALFORMED) {
            *ret_why = arena_fmt(a, "%s: cannot understand \"%.*s\"", path, STR(line));
            return SETTINGS_MALFORMED;
        }
    }
    *ret = settings;
    return 0;
}
