/* SPDX-License-Identifier: Apache-2.0 */
#include "api/presign.h"

#include "base/hex.h"
#include "wire/sigv4.h"

struct str presign_secret(const struct plane *plane, struct arena *a)
{
    struct str key = { (const char *)plane->master_key, sizeof(plane->master_key) };
    struct digest d = hmac_sha256(key, S("presign secret " PRESIGN_KEY));
    return base64_encode(a, digest_str(&d));
}

/* Of no account, so no account's resources are its own. */
struct principal presign_principal(void)
{
    struct principal p = principal_service(S("ssm.amazonaws.com"), (struct str){ 0 });
    p.id = S(PRESIGN_KEY);
    return p;
}

struct str presign_snapshot(struct op *op, struct str key, msec lifetime)
{
    struct sigv4_credentials credentials = { .access_key = S(PRESIGN_KEY),
                                             .secret = presign_secret(op->plane, op->arena) };
    struct str path = arena_fmt(op->arena, "/" PRESIGN_SNAPSHOT_BUCKETS "%.*s/%.*s",
                                STR(op->region), STR(percent_encode(op->arena, key, true)));
    const char *slashes = memmem(op->public_url.p, op->public_url.len, "://", 3);
    struct str host = slashes ? str_from(op->public_url, (size_t)(slashes - op->public_url.p) + 3)
                              : op->public_url;

    struct str query = sigv4_presign(op->arena, S("GET"), host, path, (struct str){ 0 },
                                     &credentials, op->region, S("s3"), op->now, lifetime);
    return arena_fmt(op->arena, "%.*s%.*s?%.*s", STR(op->public_url), STR(path), STR(query));
}
