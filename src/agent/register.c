/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/register.h"

#include <limits.h>
#include <stdlib.h>

#include "agent/journal.h"
#include "agent/node.h"
#include "agent/plane.h"
#include "agent/token.h"
#include "sys/clock.h"
#include "sys/file.h"

static int refuse(struct arena *a, struct str *ret, const char *why)
{
    *ret = arena_dup(a, str_of(why));
    return REGISTER_REFUSED;
}

static int check_input(struct arena *a, const struct registration *r, struct identity *id,
                       struct str *ret)
{
    if (!identity_check_endpoint(a, r->endpoint, r->insecure, &id->endpoint, ret))
        return REGISTER_REFUSED;
    if (str_is_empty(r->region) || !str_is_word(r->region, "-"))
        return refuse(a, ret, "the Region must look like eu-west-1");
    if (r->activation_id.len != 36)
        return refuse(a, ret, "the activation id must have 36 characters");
    if (r->activation_code.len < 20 || r->activation_code.len > 250)
        return refuse(a, ret, "the activation code must have 20 to 250 characters");
    id->region = r->region;
    if (r->ca_file) {
        char absolute[PATH_MAX];
        if (!realpath(r->ca_file, absolute))
            return refuse(a, ret, arena_fmt(a, "there is no file %s", r->ca_file).p);
        id->ca_file = arena_dup(a, str_of(absolute));
    }
    return 0;
}

/* Only a folder that can be written to is worth an activation. */
static int prepare(struct arena *a, const struct registration *r, int *ret_lock, struct str *ret)
{
    struct identity old;

    TRY(file_make_dirs(r->state, 0700));
    int locked = file_lock(arena_fmt(a, "%s/lock", r->state).p, ret_lock);
    if (locked == FILE_LOCKED)
        return refuse(a, ret, "an agent is running with this state: stop it first");
    TRY(locked);
    int known = identity_read(a, r->state, &old);
    if (known == 0 && !r->replaces) {
        *ret = old.instance_id;
        return REGISTER_ALREADY;
    }
    if (known == IDENTITY_DAMAGED && !r->replaces)
        return refuse(a, ret, "there is an identity that cannot be read: --force replaces it");
    if (known < 0)
        return err_forward(known, __func__, __FILE__, __LINE__);
    int written = file_write(arena_fmt(a, "%s/probe", r->state).p, S("x"), 0600);
    if (written == FILE_NO_SPACE)
        return refuse(a, ret, "there is no space in the state folder");
    TRY(written);
    TRY(file_remove(arena_fmt(a, "%s/probe", r->state).p));
    return 0;
}

static void free_client(struct http_client **client)
{
    http_client_free(*client);
}

static int ask_plane(struct arena *a, const struct registration *r, struct identity *id,
                     struct str public_key, struct str *ret)
{
    CLEANUP(free_client) struct http_client *client = http_client_new();
    struct plane_answer answer;

    int result =
        plane_register(client, id, r->activation_id, r->activation_code, public_key, a, &answer);
    if (result == PLANE_TIMED_OUT)
        return refuse(a, ret, arena_fmt(a, "%.*s did not answer in time", STR(id->endpoint)).p);
    if (result > 0 && str_is_set(answer.code))
        return refuse(
            a, ret,
            arena_fmt(a, "the plane refuses: %.*s: %.*s", STR(answer.code), STR(answer.message)).p);
    if (result > 0)
        return refuse(
            a, ret,
            arena_fmt(a, "%.*s cannot be used: %.*s", STR(id->endpoint), STR(answer.message)).p);
    TRY(result);
    id->instance_id = value_get_str(answer.body, S("InstanceId"));
    if (id->instance_id.len < 10 || id->instance_id.len > 124 || !str_is_word(id->instance_id, "-"))
        return refuse(a, ret, "the plane's answer has no instance id");
    return 0;
}

/* Under the lock. Replies and credentials of another identity are of no use to the new one. */
static int register_locked(struct arena *a, const struct registration *r, struct identity *id,
                           struct str *ret)
{
    CLEANUP(rsa_key_freep) struct rsa_key *key = NULL;

    TRY(rsa_key_new(&key));
    id->keys = (struct key_ring){ .key = rsa_key_to_der(a, key), .made_at = clock_now() };
    id->fingerprint = random_uuid(a);
    id->host = node_facts(a, r->machine_id_file);
    PASS(ask_plane(a, r, id, rsa_key_public(a, key), ret));

    TRY(token_forget(a, r->state));
    TRY(journal_clear(a, r->state));
    int written = identity_write(a, r->state, id);
    if (written == IDENTITY_NO_SPACE)
        return refuse(a, ret,
                      arena_fmt(a,
                                "registered as %.*s, but there is no space to write "
                                "the identity: the registration is lost",
                                STR(id->instance_id))
                          .p);
    TRY(written);
    *ret = id->instance_id;
    return 0;
}

int register_node(struct arena *a, const struct registration *r, struct str *ret)
{
    struct identity id = { 0 };
    int lock = -1;

    PASS(check_input(a, r, &id, ret));
    int prepared = prepare(a, r, &lock, ret);
    int result = prepared == 0 ? register_locked(a, r, &id, ret) : prepared;
    if (lock >= 0)
        file_unlock(lock);
    PASS(result);
    return 0;
}
