/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include "base/buf.h"
#include "sys/file.h"

#define FILE_LIMIT (64 * 1024)

enum kind { KIND_TEXT, KIND_NUMBER, KIND_FLAG };

struct setting {
    const char *name; /* --name on the command line, name = value in the file (with _) */
    enum kind kind;
    size_t offset;
    int64_t min, max;
    const char *argument, *help;
};

/* clang-format off */
#define TEXT(m, ARG, HELP)           { #m, KIND_TEXT, offsetof(struct config, m), 0, 0, ARG, HELP }
#define NUMBER(m, LO, HI, ARG, HELP) { #m, KIND_NUMBER, offsetof(struct config, m), LO, HI, ARG, HELP }
#define FLAG(m, HELP)                { #m, KIND_FLAG, offsetof(struct config, m), 0, 0, NULL, HELP }

static const struct setting settings[] = {
    TEXT(data, "DIR", "where everything is kept (required)"),
    TEXT(listen, "ADDR:PORT", "where to accept connections (127.0.0.1:8080)"),
    TEXT(public_url, "URL", "how clients reach this plane, for the URLs it hands out"),
    TEXT(packages_dir, "DIR", "signed packages of the agent, served with /install.sh (none)"),
    TEXT(management_account, "12DIGITS", "account made at the first start (random)"),
    TEXT(tls_cert, "FILE", "certificate chain, PEM; needs --tls-key"),
    TEXT(tls_key, "FILE", "its private key, PEM"),
    FLAG(insecure_http, "allow plain HTTP on an address that is not loopback"),
    NUMBER(threads, 1, 64, "N", "threads of the HTTP server (2)"),
    NUMBER(max_connections, 16, 1000000, "N", "connections at once (from the limit of open files)"),
    NUMBER(workers, 1, 32, "N", "tasks carried out at once (8)"),
    NUMBER(node_key_days, 0, 3650, "N", "age at which nodes are asked for a new key (0: never)"),
    TEXT(log_level, "LEVEL", "error, warning, notice, info or debug (info)"),
};
/* clang-format on */

struct reader {
    struct arena *a;
    struct config *config;
    struct str why;
};

static int wrong(struct reader *r, struct str why)
{
    r->why = why;
    return CONFIG_WRONG;
}

static bool same_name(const char *setting, struct str given)
{
    struct str name = str_of(setting);
    if (name.len != given.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] != (given.p[i] == '-' ? '_' : given.p[i]))
            return false;
    return true;
}

static const struct setting *find_setting(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (same_name(settings[i].name, name))
            return &settings[i];
    return NULL;
}

static int set(struct reader *r, const struct setting *s, struct str value)
{
    void *at = (char *)r->config + s->offset;
    int64_t number;

    switch (s->kind) {
    case KIND_TEXT:
        *(struct str *)at = arena_dup(r->a, value);
        return 0;
    case KIND_FLAG:
        if (!str_eq(value, S("true")) && !str_eq(value, S("false")))
            return wrong(r, arena_fmt(r->a, "%s must be true or false", s->name));
        *(bool *)at = str_eq(value, S("true"));
        return 0;
    case KIND_NUMBER:
        if (!str_to_int(value, &number) || number < s->min || number > s->max)
            return wrong(r, arena_fmt(r->a, "%s must be a number from %lld to %lld", s->name,
                                      (long long)s->min, (long long)s->max));
        *(int64_t *)at = number;
        return 0;
    }
    return 0;
}

static int read_line(struct reader *r, struct str line, int number)
{
    struct str key, value;

    line = str_trim(line);
    if (line.len == 0 || line.p[0] == '#')
        return 0;
    if (!str_cut(line, '=', &key, &value))
        return wrong(r, arena_fmt(r->a, "line %d: expected key = value", number));
    const struct setting *s = find_setting(str_trim(key));
    if (!s)
        return wrong(r,
                     arena_fmt(r->a, "line %d: unknown key \"%.*s\"", number, STR(str_trim(key))));
    return set(r, s, str_trim(value));
}

static int read_file(struct reader *r, const char *path)
{
    struct str text, line;
    int number = 0;

    int result = file_read(r->a, path, FILE_LIMIT, &text);
    if (result == FILE_ABSENT)
        return wrong(r, arena_fmt(r->a, "%s: no such file", path));
    if (result == FILE_TOO_LARGE)
        return wrong(r, arena_fmt(r->a, "%s: too large", path));
    TRY(result);
    while (str_next(&text, '\n', &line)) {
        int parsed = read_line(r, line, ++number);
        if (parsed > 0)
            return wrong(r, arena_fmt(r->a, "%s: %.*s", path, STR(r->why)));
        TRY(parsed);
    }
    return 0;
}

/* The file first, whatever its place on the command line, so that options win. */
static int read_files(struct reader *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct str option = str_of(argv[i]);
        if (str_starts(option, S("--config=")))
            PASS(read_file(r, argv[i] + strlen("--config=")));
        if (!str_eq(option, S("--config")))
            continue;
        if (i + 1 == argc)
            return wrong(r, S("--config needs a file"));
        PASS(read_file(r, argv[++i]));
    }
    return 0;
}

static int read_options(struct reader *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct str option = str_of(argv[i]), name, value;
        if (str_eq(option, S("--help")) || str_eq(option, S("-h")))
            return CONFIG_HELP;
        if (str_eq(option, S("--version")))
            return CONFIG_VERSION;
        if (str_eq(option, S("--config"))) {
            i++;
            continue;
        }
        if (str_starts(option, S("--config=")))
            continue;
        bool has_value = str_cut(option, '=', &name, &value);
        const struct setting *s =
            str_starts(name, S("--")) ? find_setting(str_from(name, 2)) : NULL;
        if (!s)
            return wrong(r, arena_fmt(r->a, "unknown option %s", argv[i]));
        if (s->kind == KIND_FLAG && !has_value) {
            value = S("true");
        } else if (!has_value) {
            if (i + 1 == argc)
                return wrong(r, arena_fmt(r->a, "%s needs a value", argv[i]));
            value = str_of(argv[++i]);
        }
        PASS(set(r, s, value));
    }
    return 0;
}

/* --- what must hold between settings -------------------------------------- */

static bool is_loopback(struct str address)
{
    return str_starts(address, S("127.")) || str_eq(address, S("::1"));
}

static int split_listen(struct reader *r)
{
    struct config *c = r->config;
    ptrdiff_t colon = str_rfind(c->listen, ':');
    int64_t port;

    if (colon < 0 || !str_to_int(str_from(c->listen, (size_t)colon + 1), &port) || port < 0 ||
        port > 65535)
        return wrong(r, S("--listen must be ADDR:PORT"));
    struct str address = str_slice(c->listen, 0, (size_t)colon);
    if (str_starts(address, S("[")) && str_ends(address, S("]")))
        address = str_slice(address, 1, address.len - 2);
    if (str_eq(address, S("localhost")))
        address = S("127.0.0.1");
    c->address = arena_dup(r->a, address);
    c->port = (uint16_t)port;
    return 0;
}

static int read_log_level(struct reader *r)
{
    static const struct {
        struct str name;
        enum log_level level;
    } levels[] = {
        { S_INIT("error"), LOG_LEVEL_ERROR },   { S_INIT("warning"), LOG_LEVEL_WARNING },
        { S_INIT("notice"), LOG_LEVEL_NOTICE }, { S_INIT("info"), LOG_LEVEL_INFO },
        { S_INIT("debug"), LOG_LEVEL_DEBUG },
    };

    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (str_eq(r->config->log_level, levels[i].name)) {
            r->config->level = levels[i].level;
            return 0;
        }
    }
    return wrong(r, arena_fmt(r->a, "unknown log level \"%.*s\"", STR(r->config->log_level)));
}

static int check(struct reader *r)
{
    struct config *c = r->config;

    if (str_is_empty(c->data))
        return wrong(r, S("--data DIR is required"));
    PASS(split_listen(r));
    PASS(read_log_level(r));
    if (str_is_set(c->tls_cert) != str_is_set(c->tls_key))
        return wrong(r, S("--tls-cert and --tls-key go together"));
    if (!str_is_set(c->tls_cert) && !is_loopback(c->address) && !c->insecure_http)
        return wrong(r, arena_fmt(r->a,
                                  "%.*s is not a loopback address: give --tls-cert and --tls-key, "
                                  "or say --insecure-http",
                                  STR(c->address)));
    if (str_is_set(c->management_account) &&
        (c->management_account.len != 12 || !str_is_digits(c->management_account)))
        return wrong(r, S("--management-account must be 12 digits"));
    if (str_is_set(c->public_url)) {
        if (!str_starts(c->public_url, S("http://")) && !str_starts(c->public_url, S("https://")))
            return wrong(r, S("--public-url must start with http:// or https://"));
        while (str_ends(c->public_url, S("/")))
            c->public_url.len--;
    }
    return 0;
}

int config_read(struct arena *a, int argc, char **argv, struct config *ret, struct str *ret_why)
{
    struct reader r = { .a = a, .config = ret };

    *ret = (struct config){ .listen = S("127.0.0.1:8080"), .log_level = S("info") };
    /* --help counts before anything else is looked at. */
    struct config scratch = { .port = 0 };
    struct reader probe = { .a = a, .config = &scratch };
    int result = read_options(&probe, argc, argv);
    if (result == CONFIG_HELP || result == CONFIG_VERSION)
        return result;
    result = read_files(&r, argc, argv);
    if (result == 0)
        result = read_options(&r, argc, argv);
    if (result == 0)
        result = check(&r);
    if (result > 0)
        *ret_why = r.why;
    return result;
}

struct str config_help(struct arena *a)
{
    struct buf b = buf_in(a);

    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *s = &settings[i];
        char *name = (char *)(uintptr_t)arena_cstr(a, str_of(s->name));
        for (char *c = name; *c; c++)
            if (*c == '_')
                *c = '-';
        struct str left =
            s->argument ? arena_fmt(a, "--%s %s", name, s->argument) : arena_fmt(a, "--%s", name);
        buf_fmt(&b, "  %-32.*s %s\n", STR(left), s->help);
    }
    return buf_str(&b);
}
