/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include "agent/backoff.h"
#include "sys/file.h"
#include "sys/light_proxy.h"

#define CONFIG_LIMIT ((size_t)64 * 1024)

void config_defaults(struct config *config)
{
    *config = (struct config){
        .state = CONFIG_STATE,
        .reboot_command = "/sbin/shutdown -r now",
        .boot_id_file = "/proc/sys/kernel/random/boot_id",
        .machine_id_file = "/etc/machine-id",
        .similarity = 40,
        .outcast_pause = 30 * MSEC_MINUTE,
        .reboot_timeout = 10 * MSEC_MINUTE,
        .heartbeat = 5 * MSEC_MINUTE,
        .reconnect = BACKOFF_FIRST,
    };
}

static bool set_number(int64_t *to, struct str value, int64_t min, int64_t max, struct str *ret_why)
{
    if (!str_to_int(value, to) || *to < min || *to > max) {
        *ret_why = S("the number is out of range");
        return false;
    }
    return true;
}

static bool set_seconds(msec *to, struct str value, int64_t min, int64_t max, struct str *ret_why)
{
    if (!set_number(to, value, min, max, ret_why))
        return false;
    *to *= MSEC_SECOND;
    return true;
}

static bool set_proxy(struct arena *a, struct config *config, struct str value, struct str *ret_why)
{
    struct light_proxy proxy;

    if (!light_proxy_parse(a, value, &proxy)) {
        *ret_why = S("proxy must be http://[user:password@]host[:port]");
        return false;
    }
    config->proxy = arena_cstr(a, value);
    return true;
}

static bool set(struct arena *a, struct config *config, struct str key, struct str value,
                struct str *ret_why)
{
    if (str_is_empty(value)) {
        *ret_why = arena_fmt(a, "%.*s has no value", STR(key));
        return false;
    }
    if (str_eq(key, S("state")))
        config->state = arena_cstr(a, value);
    else if (str_eq(key, S("reboot_command")))
        config->reboot_command = arena_cstr(a, value);
    else if (str_eq(key, S("proxy")))
        return set_proxy(a, config, value, ret_why);
    else if (str_eq(key, S("no_proxy")))
        config->no_proxy = arena_cstr(a, value);
    else if (str_eq(key, S("boot_id_file")))
        config->boot_id_file = arena_cstr(a, value);
    else if (str_eq(key, S("machine_id_file")))
        config->machine_id_file = arena_cstr(a, value);
    else if (str_eq(key, S("similarity_percent")))
        return set_number(&config->similarity, value, 0, 100, ret_why);
    else if (str_eq(key, S("key_days")))
        return set_number(&config->key_days, value, 0, 365, ret_why);
    else if (str_eq(key, S("refused_seconds")))
        return set_seconds(&config->outcast_pause, value, 1, 86400, ret_why);
    else if (str_eq(key, S("reboot_timeout_seconds")))
        return set_seconds(&config->reboot_timeout, value, 1, 86400, ret_why);
    else if (str_eq(key, S("heartbeat_seconds")))
        return set_seconds(&config->heartbeat, value, 1, 3600, ret_why);
    else if (str_eq(key, S("reconnect_seconds")))
        return set_seconds(&config->reconnect, value, 1, 600, ret_why);
    else {
        *ret_why = arena_fmt(a, "unknown key %.*s", STR(key));
        return false;
    }
    return true;
}

int config_export(const struct config *config)
{
    return light_proxy_export(config->proxy, config->no_proxy);
}

bool config_parse(struct arena *a, struct config *config, struct str text, struct str *ret_why)
{
    struct str line, key, value;
    int number = 0;

    while (str_next(&text, '\n', &line)) {
        number++;
        line = str_trim(line);
        if (str_is_empty(line) || line.p[0] == '#')
            continue;
        struct str why = S("there is no '='");
        if (!str_cut(line, '=', &key, &value) ||
            !set(a, config, str_trim(key), str_trim(value), &why)) {
            *ret_why = arena_fmt(a, "line %d: %.*s", number, STR(why));
            return false;
        }
    }
    return true;
}

int config_load(struct arena *a, struct config *config, const char *path, bool is_required,
                struct str *ret_why)
{
    struct str text, why;

    int read = file_read(a, path, CONFIG_LIMIT, &text);
    if (read == FILE_ABSENT && !is_required)
        return 0;
    if (read == FILE_ABSENT || read == FILE_TOO_LARGE) {
        *ret_why = arena_fmt(a, "%s: %s", path, read == FILE_ABSENT ? "no such file" : "too large");
        return CONFIG_BAD;
    }
    TRY(read);
    if (config_parse(a, config, text, &why))
        return 0;
    *ret_why = arena_fmt(a, "%s: %.*s", path, STR(why));
    return CONFIG_BAD;
}
