/* SPDX-License-Identifier: Apache-2.0 */
/* The node's key over the years: the ports of rotation.h for the real world. */
#include "agent/plane_private.h"
#include "base/hex.h"
#include "sys/clock.h"

struct rotation_call {
    struct plane *plane;
    const struct plane_call *like;
    struct arena *arena;
    struct plane_answer *answer;
    int sent; /* what the last call came to */
};

/* Under the lock. */
static int load_keys(struct plane *p)
{
    const struct key_ring *ring = &p->identity.keys;

    rsa_key_free(p->key);
    rsa_key_free(p->next_key);
    p->key = p->next_key = NULL;
    TRY(rsa_key_from_der(ring->key, &p->key));
    if (str_is_set(ring->next))
        TRY(rsa_key_from_der(ring->next, &p->next_key));
    return 0;
}

/* The keys outlive the call that made them, in the plane's own arena. */
static int save(void *context, const struct key_ring *ring)
{
    struct rotation_call *c = context;
    struct plane *p = c->plane;

    pthread_mutex_lock(&p->lock);
    struct identity with = p->identity;
    with.keys = (struct key_ring){ arena_dup(&p->arena, ring->key),
                                   arena_dup(&p->arena, ring->next), ring->made_at };
    int saved = identity_write(c->arena, p->state, &with);
    /* A next key that is not on disk is none; one that the plane has taken is the key. */
    bool is_kept = saved == 0 || !str_is_set(ring->next);
    if (is_kept)
        p->identity.keys = with.keys;
    int loaded = is_kept ? load_keys(p) : 0;
    pthread_mutex_unlock(&p->lock);
    TRY(loaded);
    if (saved == IDENTITY_NO_SPACE)
        return ROTATION_NOT_YET;
    TRY(saved);
    return 0;
}

static int make(void *context, struct str *ret)
{
    struct rotation_call *c = context;
    CLEANUP(rsa_key_freep) struct rsa_key *key = NULL;

    TRY(rsa_key_new(&key));
    *ret = rsa_key_to_der(c->arena, key);
    return 0;
}

static int announce(void *context, struct str next)
{
    struct rotation_call *c = context;
    CLEANUP(rsa_key_freep) struct rsa_key *key = NULL;
    struct value *input = value_map(c->arena);
    const struct plane_call call = { .client = c->like->client,
                                     .service = PLANE_SSM,
                                     .operation = "UpdateManagedInstancePublicKey",
                                     .input = input,
                                     .wake_fd = c->like->wake_fd };

    TRY(rsa_key_from_der(next, &key));
    value_set_str(c->arena, input, S("NewPublicKey"),
                  base64_encode(c->arena, rsa_key_public(c->arena, key)));
    value_set_str(c->arena, input, S("NewPublicKeyType"), S("Rsa"));
    c->sent = plane_call_as(c->plane, &c->plane->identity, &call, SIGN_KEY, c->arena, c->answer);
    TRY(c->sent < 0 ? c->sent : 0);
    if (c->sent == PLANE_LATER && plane_doubts_key(c->answer))
        return ROTATION_UNKNOWN;
    return c->sent == 0 ? 0 : ROTATION_NOT_YET;
}

static int prove(void *context, struct str next)
{
    struct rotation_call *c = context;
    (void)next; /* it is p->next_key since it was saved */

    c->sent = plane_ask_token(c->plane, c->like, SIGN_NEXT_KEY, c->arena, c->answer);
    TRY(c->sent < 0 ? c->sent : 0);
    return c->sent == 0 ? 0 : ROTATION_NOT_YET;
}

static struct rotation_ports ports_for(struct rotation_call *c)
{
    return (struct rotation_ports){
        .context = c, .make = make, .save = save, .announce = announce, .prove = prove
    };
}

static struct key_ring read_ring(struct plane *p)
{
    pthread_mutex_lock(&p->lock);
    struct key_ring ring = p->identity.keys;
    pthread_mutex_unlock(&p->lock);
    return ring;
}

int plane_adopt_next(struct plane *p)
{
    struct arena scratch = { 0 };
    struct rotation_call c = { .plane = p, .arena = &scratch };
    const struct rotation_ports ports = ports_for(&c);

    pthread_mutex_lock(&p->key_lock);
    struct key_ring ring = read_ring(p);
    int adopted = str_is_set(ring.next) ? rotation_adopt(&ring, &ports, clock_now()) : 0;
    pthread_mutex_unlock(&p->key_lock);
    arena_done(&scratch);
    TRY(adopted < 0 ? adopted : 0);
    return 0;
}

bool plane_key_is_due(struct plane *p, msec key_life)
{
    pthread_mutex_lock(&p->lock);
    const struct key_ring *ring = &p->identity.keys;
    bool is_due = p->wants_new_key || str_is_set(ring->next) ||
                  (key_life > 0 && clock_now() - ring->made_at > key_life);
    pthread_mutex_unlock(&p->lock);
    return is_due;
}

int plane_change_key(struct plane *p, const struct plane_call *like, struct arena *a,
                     struct plane_answer *ret)
{
    struct rotation_call c = { .plane = p, .like = like, .arena = a, .answer = ret };
    const struct rotation_ports ports = ports_for(&c);

    *ret = (struct plane_answer){ 0 };
    pthread_mutex_lock(&p->key_lock);
    struct key_ring ring = read_ring(p);
    int advanced = rotation_advance(&ring, &ports, clock_now());
    pthread_mutex_unlock(&p->key_lock);
    if (advanced == ROTATION_NOT_YET && c.sent == 0)
        ret->message = S("no space to keep a new key");
    if (advanced == ROTATION_NOT_YET)
        return c.sent != 0 ? c.sent : PLANE_LATER;
    TRY(advanced);
    pthread_mutex_lock(&p->lock);
    p->wants_new_key = false;
    pthread_mutex_unlock(&p->lock);
    return 0;
}
