/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "patch/plane.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/light_proxy.h"
#include "wire/sigv4.h"
#include "wire/skew.h"

#define FILE_MAX ((size_t)256 * 1024)

#define AGENT_IDENTITY   "/var/lib/patchbay-agent/identity.json"
#define AGENT_TOKEN      "/var/lib/patchbay-agent/credentials"
#define AGENT_CLOCK      "/var/lib/patchbay-agent/clock"
#define CLOCK_MAX        ((size_t)256)
#define SSM_REGISTRATION "/var/lib/amazon/ssm/registration"

static void set_if_absent(struct str *member, struct str value)
{
    if (str_is_empty(*member) && !str_is_empty(value))
        *member = value;
}

static void read_environment(struct plane *p)
{
    set_if_absent(&p->endpoint, str_of(getenv("PATCHBAY_ENDPOINT")));
    set_if_absent(&p->region, str_of(getenv("AWS_REGION")));
    set_if_absent(&p->region, str_of(getenv("AWS_DEFAULT_REGION")));
    set_if_absent(&p->instance_id, str_of(getenv("PATCHBAY_INSTANCE_ID")));
    set_if_absent(&p->credentials_file, str_of(getenv("AWS_SHARED_CREDENTIALS_FILE")));
    set_if_absent(&p->profile, str_of(getenv("AWS_PROFILE")));
    if (!p->ca_file)
        p->ca_file = getenv("AWS_CA_BUNDLE");
}

/* For the calls and downloads here and for the package manager; the agent's word,
 * in the environment, comes first. */
static bool set_proxy(struct arena *a, struct str value)
{
    struct light_proxy proxy;

    if (!light_proxy_parse(a, value, &proxy))
        return false;
    return getenv("http_proxy") || getenv("https_proxy") ||
           light_proxy_export(arena_cstr(a, value), NULL) == 0;
}

/* The file has also what settings.h reads of it. */
static bool is_setting(struct arena *a, struct str key, struct str value)
{
    struct settings settings = { 0 };

    return settings_set(a, &settings, key, value) != SETTINGS_UNKNOWN;
}

static bool set_key(struct arena *a, struct plane *p, struct str key, struct str value)
{
    if (str_eq(key, S("endpoint")))
        set_if_absent(&p->endpoint, value);
    else if (str_eq(key, S("region")))
        set_if_absent(&p->region, value);
    else if (str_eq(key, S("instance-id")))
        set_if_absent(&p->instance_id, value);
    else if (str_eq(key, S("credentials-file")))
        set_if_absent(&p->credentials_file, value);
    else if (str_eq(key, S("profile")))
        set_if_absent(&p->profile, value);
    else if (str_eq(key, S("ca-file")))
        p->ca_file = p->ca_file ? p->ca_file : arena_cstr(a, value);
    else if (str_eq(key, S("proxy")))
        return set_proxy(a, value);
    else if (str_eq(key, S("no-proxy")))
        return getenv("no_proxy") || light_proxy_export(NULL, arena_cstr(a, value)) == 0;
    else
        return is_setting(a, key, value);
    return true;
}

/* `key = value` lines; '#' begins a comment line. */
static int read_config(struct arena *a, struct plane *p, struct str *ret_why)
{
    struct str text, line, key, value;
    int result = file_read(a, PLANE_CONFIG_FILE, FILE_MAX, &text);

    if (result == FILE_ABSENT)
        return 0;
    TRY(result);
    while (str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (str_is_empty(line) || line.p[0] == '#')
            continue;
        if (!str_cut(line, '=', &key, &value) || !set_key(a, p, str_trim(key), str_trim(value))) {
            *ret_why = arena_fmt(a, "%s: cannot understand \"%.*s\"", PLANE_CONFIG_FILE,
                                 STR(str_trim(key))); /* the value may be a secret */
            return PLANE_UNCONFIGURED;
        }
    }
    return 0;
}

static const struct value *read_json(struct arena *a, const char *path)
{
    struct str text;
    struct value *doc;

    if (file_read(a, path, FILE_MAX, &text) != 0 || json_parse(a, text, &doc, NULL) != 0)
        return NULL;
    return doc;
}

static void read_agents(struct arena *a, struct plane *p)
{
    const struct value *ours = read_json(a, AGENT_IDENTITY);
    const struct value *theirs = read_json(a, SSM_REGISTRATION);
    struct str ca_file = value_get_str(ours, S("ca_file"));

    set_if_absent(&p->endpoint, value_get_str(ours, S("endpoint")));
    set_if_absent(&p->region, value_get_str(ours, S("region")));
    set_if_absent(&p->instance_id, value_get_str(ours, S("instance_id")));
    set_if_absent(&p->region, value_get_str(theirs, S("Region")));
    set_if_absent(&p->instance_id, value_get_str(theirs, S("ManagedInstanceID")));
    if (!p->ca_file && !str_is_empty(ca_file))
        p->ca_file = arena_cstr(a, ca_file);
    if (ours && file_exists(AGENT_TOKEN))
        set_if_absent(&p->credentials_file, S(AGENT_TOKEN));
}

static int check(const struct plane *p, struct str *ret_why)
{
    if (str_is_empty(p->endpoint))
        *ret_why = S("it is not known where the plane is: set endpoint in " PLANE_CONFIG_FILE
                     ", or PATCHBAY_ENDPOINT");
    else if (!str_starts(p->endpoint, S("https://")) && !str_starts(p->endpoint, S("http://")))
        *ret_why = S("the endpoint has to begin with https:// or http://");
    else if (str_is_empty(p->region))
        *ret_why = S("the Region is not known: set region in " PLANE_CONFIG_FILE ", or AWS_REGION");
    else if (str_is_empty(p->instance_id))
        *ret_why = S("this node's id is not known: set instance-id in " PLANE_CONFIG_FILE
                     ", or register an agent");
    else
        return 0;
    return PLANE_UNCONFIGURED;
}

/* What the agent learnt of the plane's clock; it may be another agent's host. */
static msec recall_skew(struct arena *a)
{
    struct str kept, boot_id;

    if (file_read(a, AGENT_CLOCK, CLOCK_MAX, &kept) != 0 ||
        file_read(a, "/proc/sys/kernel/random/boot_id", CLOCK_MAX, &boot_id) != 0)
        return 0;
    return skew_recall(kept, str_trim(boot_id), clock_now(), clock_monotonic());
}

int plane_open(struct arena *a, struct plane *ret, struct str *ret_why)
{
    struct plane p = { 0 };
    const char *home = getenv("HOME");

    read_environment(&p);
    PASS(read_config(a, &p, ret_why));
    read_agents(a, &p);
    set_if_absent(&p.credentials_file, arena_fmt(a, "%s/.aws/credentials", home ? home : "/root"));
    set_if_absent(&p.profile, S("default"));
    while (str_ends(p.endpoint, S("/")))
        p.endpoint.len--;
    PASS(check(&p, ret_why));
    p.skew = recall_skew(a);
    p.http = http_client_new();
    *ret = p;
    return 0;
}

void plane_close(struct plane *p)
{
    http_client_free(p->http);
    *p = (struct plane){ 0 };
}

bool plane_read_profile(struct str text, struct str profile, struct sigv4_credentials *ret)
{
    struct sigv4_credentials found = { 0 };
    bool inside = false;
    struct str line, key, value;

    while (str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (str_starts(line, S("[")) && str_ends(line, S("]"))) {
            inside = str_eq(str_trim(str_slice(line, 1, line.len - 2)), profile);
            continue;
        }
        if (!inside || !str_cut(line, '=', &key, &value))
            continue;
        key = str_trim(key);
        if (str_eq(key, S("aws_access_key_id")))
            found.access_key = str_trim(value);
        else if (str_eq(key, S("aws_secret_access_key")))
            found.secret = str_trim(value);
        else if (str_eq(key, S("aws_session_token")) && !str_is_empty(str_trim(value)))
            found.token = str_trim(value);
    }
    if (str_is_empty(found.access_key) || str_is_empty(found.secret))
        return false;
    *ret = found;
    return true;
}
