/* SPDX-License-Identifier: Apache-2.0 */
#include "api/authenticate.h"

#include <stdlib.h>

#include "api/presign.h"
#include "api/runtime.h"

#define KEYS_MAX 4096

enum { REFUSED = 1 };

struct attempt {
    const struct plane *plane;
    struct db *db;
    struct arena *a;
    const struct http_request *r;
    msec now;
    struct sigv4_claim claim;
    enum wire_common error;
    struct str why;
};

static int refuse(struct attempt *t, enum wire_common error, struct str why)
{
    t->error = error;
    t->why = why;
    return REFUSED;
}

static void free_key(struct str key, void *value, void *context)
{
    (void)key;
    (void)context;
    crypto_wipe(value, sizeof(struct digest));
    free(value);
}

void key_cache_done(struct key_cache *cache)
{
    map_each(&cache->entries, free_key, NULL);
    map_done(&cache->entries);
}

/* A key id never changes its secret, so the id, the date and the scope name the
 * derived key. */
static struct digest key_cache_get(struct key_cache *cache, struct arena *a, struct str access_key,
                                   struct str secret, struct str date, struct str region,
                                   struct str service)
{
    struct str name =
        arena_fmt(a, "%.*s/%.*s/%.*s/%.*s", STR(access_key), STR(date), STR(region), STR(service));

    pthread_mutex_lock(&cache->lock);
    struct digest *known = map_get(&cache->entries, name);
    struct digest key = known ? *known : (struct digest){ 0 };
    pthread_mutex_unlock(&cache->lock);
    if (known)
        return key;

    key = sigv4_key(secret, date, region, service);
    struct digest *copy = malloc(sizeof(*copy));
    if (!copy)
        abort();
    *copy = key;
    pthread_mutex_lock(&cache->lock);
    if (cache->entries.count >= KEYS_MAX)
        key_cache_done(cache);
    free(map_put(&cache->entries, name, copy));
    pthread_mutex_unlock(&cache->lock);
    return key;
}

static int outcome_of(struct attempt *t, int verified)
{
    if (verified == SIGV4_SKEWED)
        return refuse(t, WIRE_SKEWED,
                      S("Signature expired or not yet current: the request's time differs from "
                        "ours by more than 15 minutes."));
    if (verified == SIGV4_EXPIRED)
        return refuse(t, WIRE_DENIED, S("Request has expired"));
    if (verified == SIGV4_MISMATCH)
        return refuse(t, WIRE_MISMATCH,
                      S("The request signature we calculated does not match the signature you "
                        "provided. Check your AWS Secret Access Key and signing method."));
    TRY(verified);
    return 0;
}

static int verify(struct attempt *t, struct str secret)
{
    const struct sigv4_claim *c = &t->claim;
    struct digest key = key_cache_get(&t->plane->runtime->keys, t->a, c->access_key, secret,
                                      c->date, c->region, c->service);
    return outcome_of(t, sigv4_verify(t->a, t->r, c, &key, t->now));
}

/* --- the three kinds of credentials --------------------------------------- */

static int node_key(struct attempt *t, struct principal *ret)
{
    struct node_facts node;

    if (!t->plane->nodes) /* a plane without SSM */
        return refuse(t, WIRE_BAD_KEY, S("The managed node is not registered."));
    int found = t->plane->nodes->node(t->db, t->a, t->claim.access_key, &node);
    if (found == PORT_NONE)
        return refuse(t, WIRE_BAD_KEY, S("The managed node is not registered."));
    TRY(found);
    if (!str_eq(node.region, t->claim.region))
        return refuse(t, WIRE_MISMATCH, S("The node is registered in another Region."));
    PASS(outcome_of(t, sigv4_verify_rsa(t->a, t->r, &t->claim, node.public_key, t->now)));
    *ret = (struct principal){
        .kind = PRINCIPAL_NODE,
        .account = node.account,
        .arn = arena_fmt(t->a, "arn:aws:ssm:%.*s:%.*s:managed-instance/%.*s", STR(node.region),
                         STR(node.account), STR(node.id)),
        .id = node.id,
        .name = node.id,
    };
    return 0;
}

/* The token says who; the role must still be the one that was assumed. */
static int temporary_key(struct attempt *t, struct principal *ret)
{
    struct str secret, id, session;
    struct role_facts role;

    int opened =
        session_open(t->plane, t->a, t->claim.access_key, t->claim.token, t->now, ret, &secret);
    if (opened == SESSION_EXPIRED || opened == SESSION_UNKNOWN)
        return refuse(t, WIRE_EXPIRED, S("The security token included in the request is expired"));
    TRY(opened);
    PASS(verify(t, secret));

    int found = t->plane->identity->role(t->db, t->a, ret->account, ret->name, &role);
    str_cut(ret->id, ':', &id, &session);
    if (found == PORT_NONE || (found == 0 && !str_eq(role.id, id)))
        return refuse(t, WIRE_EXPIRED, S("The role of this session no longer exists"));
    TRY(found);
    return 0;
}

static int long_lived_key(struct attempt *t, struct principal *ret)
{
    struct access_key_facts facts;

    int found = t->plane->identity->access_key(t->db, t->a, t->plane->master_key,
                                               t->claim.access_key, &facts);
    if (found == PORT_NONE || (found == 0 && (!facts.is_active || str_is_set(t->claim.token))))
        return refuse(t, WIRE_BAD_KEY, S("The security token included in the request is invalid."));
    TRY(found);
    PASS(verify(t, facts.secret));
    *ret = facts.principal;
    return 0;
}

static int plane_key(struct attempt *t, struct principal *ret)
{
    if (!t->claim.is_presigned || !str_eq(t->r->method, S("GET")))
        return refuse(t, WIRE_BAD_KEY, S("The security token included in the request is invalid."));
    PASS(verify(t, presign_secret(t->plane, t->a)));
    *ret = presign_principal();
    return 0;
}

static int by_claim(struct attempt *t, struct identity *ret)
{
    ret->region = t->claim.region;
    ret->service = t->claim.service;
    if (t->claim.is_rsa)
        return node_key(t, &ret->principal);
    if (str_starts(t->claim.access_key, S("ASIA")))
        return temporary_key(t, &ret->principal);
    if (str_eq(t->claim.access_key, S(PRESIGN_KEY)))
        return plane_key(t, &ret->principal);
    return long_lived_key(t, &ret->principal);
}

int authenticate(const struct plane *plane, struct db *db, struct arena *a,
                 const struct http_request *r, msec now, struct identity *ret,
                 enum wire_common *ret_error, struct str *ret_why)
{
    struct attempt t = { .plane = plane, .db = db, .a = a, .r = r, .now = now };

    *ret = (struct identity){ 0 };
    int claimed = sigv4_read(a, r, &t.claim, &t.why);
    if (claimed == SIGV4_ABSENT)
        return 0;
    int result = claimed == SIGV4_INCOMPLETE ? refuse(&t, WIRE_INCOMPLETE, t.why)
                 : claimed == 0              ? by_claim(&t, ret)
                                             : claimed;
    if (result == REFUSED) {
        *ret_error = t.error;
        *ret_why = t.why;
        return REFUSED;
    }
    TRY(result);
    return 0;
}
