/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include "base/hex.h"
#include "base/json.h"
#include "sys/file.h"

#define IDENTITY_LIMIT   ((size_t)64 * 1024)
#define IDENTITY_VERSION 1

static const char *identity_path(struct arena *a, const char *state)
{
    return arena_fmt(a, "%s/identity.json", state).p;
}

int identity_read(struct arena *a, const char *state, struct identity *ret)
{
    struct str text;
    struct value *v;

    int result = file_read(a, identity_path(a, state), IDENTITY_LIMIT, &text);
    if (result == FILE_ABSENT)
        return IDENTITY_ABSENT;
    if (result == FILE_TOO_LARGE)
        return IDENTITY_DAMAGED;
    TRY(result);
    if (json_parse(a, text, &v, NULL) != 0 || value_get_int(v, S("version"), 0) != IDENTITY_VERSION)
        return IDENTITY_DAMAGED;

    struct identity id = {
        .instance_id = value_get_str(v, S("instance_id")),
        .region = value_get_str(v, S("region")),
        .endpoint = value_get_str(v, S("endpoint")),
        .ca_file = value_get_str(v, S("ca_file")),
        .fingerprint = value_get_str(v, S("fingerprint")),
    };
    id.host = fingerprint_facts_from_value(value_get(v, S("host")));
    id.keys.made_at = value_get_int(v, S("key_made_at"), 0);
    if (str_is_set(value_get_str(v, S("next_key"))) &&
        !base64_decode(a, value_get_str(v, S("next_key")), &id.keys.next))
        return IDENTITY_DAMAGED;
    if (str_is_empty(id.instance_id) || str_is_empty(id.region) || str_is_empty(id.endpoint) ||
        str_is_empty(id.fingerprint) ||
        !base64_decode(a, value_get_str(v, S("private_key")), &id.keys.key))
        return IDENTITY_DAMAGED;
    *ret = id;
    return 0;
}

int identity_write(struct arena *a, const char *state, const struct identity *id)
{
    struct value *v = value_map(a);

    value_set_int(a, v, S("version"), IDENTITY_VERSION);
    value_set_str(a, v, S("instance_id"), id->instance_id);
    value_set_str(a, v, S("region"), id->region);
    value_set_str(a, v, S("endpoint"), id->endpoint);
    if (str_is_set(id->ca_file))
        value_set_str(a, v, S("ca_file"), id->ca_file);
    value_set_str(a, v, S("fingerprint"), id->fingerprint);
    value_set(a, v, S("host"), fingerprint_facts_to_value(a, &id->host));
    value_set_str(a, v, S("private_key"), base64_encode(a, id->keys.key));
    if (str_is_set(id->keys.next))
        value_set_str(a, v, S("next_key"), base64_encode(a, id->keys.next));
    value_set_int(a, v, S("key_made_at"), id->keys.made_at);

    struct str text = json_format_pretty(a, v);
    int result = file_write(identity_path(a, state), text, 0600);
    crypto_wipe((void *)(uintptr_t)text.p, text.len);
    if (result == FILE_NO_SPACE)
        return IDENTITY_NO_SPACE;
    TRY(result);
    return 0;
}

/* By name or address; "127.example" is a host like any other. */
static bool is_this_machine(struct str host)
{
    if (str_eq(host, S("localhost")) || str_eq(host, S("[::1]")))
        return true;
    for (size_t i = 0; i < host.len; i++)
        if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
            return false;
    return str_starts(host, S("127."));
}

bool identity_check_endpoint(struct arena *a, struct str endpoint, bool insecure,
                             struct str *ret_endpoint, struct str *ret_why)
{
    bool is_plain = str_starts(endpoint, S("http://"));
    struct str rest, host, port;

    while (str_ends(endpoint, S("/")))
        endpoint.len--;
    if (!is_plain && !str_starts(endpoint, S("https://"))) {
        *ret_why = S("the endpoint must begin with https:// (or http://)");
        return false;
    }
    rest = str_from(endpoint, is_plain ? 7 : 8);
    if (str_is_empty(rest) || !str_is_word(rest, ".-:[]")) {
        *ret_why = S("the endpoint must be a host and perhaps a port, without a path");
        return false;
    }
    if (str_starts(rest, S("[")))
        host = str_slice(rest, 0, (size_t)(str_find(rest, ']') + 1));
    else
        str_cut(rest, ':', &host, &port);
    if (is_plain && !insecure && !is_this_machine(host)) {
        *ret_why = S("plain http:// to another machine would let anyone between run commands "
                     "as root here: use https://, or say --insecure-http");
        return false;
    }
    *ret_endpoint = arena_dup(a, endpoint);
    return true;
}
