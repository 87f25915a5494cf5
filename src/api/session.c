/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary credentials. The token is a sealed box that says who the session is
 * and until when; the secret is derived from the key id with the master key. So
 * nothing is stored, and any process that holds the master key can verify.
 */
#include "api/ports.h"
#include "base/hex.h"
#include "base/json.h"

static struct str derive_secret(const struct plane *plane, struct arena *a, struct str access_key)
{
    struct str key = { (const char *)plane->master_key, sizeof(plane->master_key) };
    struct digest d = hmac_sha256(key, arena_fmt(a, "session secret %.*s", STR(access_key)));
    return base64_encode(a, digest_str(&d));
}

struct session session_issue(const struct plane *plane, struct arena *a,
                             const struct principal *role_session, msec now, msec expires_at)
{
    struct str id = random_text(a, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    struct str access_key = arena_fmt(a, "ASIA%.*s", STR(id));
    struct value *claims = principal_to_value(role_session, a);

    value_set_int(a, claims, S("issued"), now);
    value_set_int(a, claims, S("expires"), expires_at);
    return (struct session){
        .access_key = access_key,
        .secret = derive_secret(plane, a, access_key),
        .token = base64_encode(a, seal(a, plane->master_key, access_key, json_format(a, claims))),
        .expires_at = expires_at,
    };
}

int session_open(const struct plane *plane, struct arena *a, struct str access_key,
                 struct str token, msec now, struct principal *ret_principal,
                 struct str *ret_secret)
{
    struct str box, text;
    struct value *claims;

    if (token.len > 16384 || !base64_decode(a, token, &box) ||
        !unseal(a, plane->master_key, access_key, box, &text) ||
        json_parse(a, text, &claims, NULL) != 0 || !principal_from_value(claims, a, ret_principal))
        return SESSION_UNKNOWN;
    if (now >= value_get_int(claims, S("expires"), 0))
        return SESSION_EXPIRED;
    *ret_secret = derive_secret(plane, a, access_key);
    return 0;
}
