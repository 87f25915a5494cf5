/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/token.h"

#include <stdlib.h>

#include "base/json.h"
#include "sys/clock.h"
#include "sys/file.h"

#define TOKEN_LIMIT ((size_t)64 * 1024)

/* Epoch seconds, perhaps with a fraction. */
static msec read_seconds(const struct value *v)
{
    if (value_is(v, VALUE_INT) && v->integer > 0 && v->integer < INT64_MAX / 1000)
        return v->integer * MSEC_SECOND;
    if (value_is(v, VALUE_DOUBLE) && v->number > 0 && v->number < 1e12)
        return (msec)(v->number * 1000.0);
    return 0;
}

/* Values go into an INI file and into headers. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7F)
            return false;
    return s.len > 0;
}

bool token_from_answer(const struct value *answer, msec now, struct token *ret)
{
    *ret = (struct token){
        .access_key = value_get_str(answer, S("AccessKeyId")),
        .secret = value_get_str(answer, S("SecretAccessKey")),
        .session = value_get_str(answer, S("SessionToken")),
        .obtained_at = now,
        .expires_at = read_seconds(value_get(answer, S("TokenExpirationDate"))),
    };
    return is_plain(ret->access_key) && is_plain(ret->secret) && is_plain(ret->session) &&
           ret->expires_at > 0;
}

static void wipe(struct str *s)
{
    if (s->p) {
        crypto_wipe((void *)(uintptr_t)s->p, s->len);
        free((void *)(uintptr_t)s->p);
    }
    *s = (struct str){ 0 };
}

void token_done(struct token *t)
{
    wipe(&t->access_key);
    wipe(&t->secret);
    wipe(&t->session);
}

static struct str keep(struct str s)
{
    char *p = malloc(s.len + 1);
    if (!p)
        abort();
    memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct str){ p, s.len };
}

void token_replace(struct token *t, const struct token *with)
{
    token_done(t);
    *t = (struct token){ keep(with->access_key), keep(with->secret), keep(with->session),
                         with->obtained_at, with->expires_at };
}

static const char *path_in(struct arena *a, const char *state, const char *name)
{
    return arena_fmt(a, "%s/%s", state, name).p;
}

void token_load(struct arena *a, const char *state, struct token *ret)
{
    struct str text;
    struct value *v;

    if (file_read(a, path_in(a, state, "token.json"), TOKEN_LIMIT, &text) != 0 ||
        json_parse(a, text, &v, NULL) != 0)
        return;
    struct token t = {
        .access_key = value_get_str(v, S("access_key")),
        .secret = value_get_str(v, S("secret")),
        .session = value_get_str(v, S("session")),
        .obtained_at = value_get_int(v, S("obtained_at"), 0),
        .expires_at = value_get_int(v, S("expires_at"), 0),
    };
    if (is_plain(t.access_key) && is_plain(t.secret) && is_plain(t.session) &&
        t.expires_at > clock_now() && t.obtained_at <= clock_now())
        token_replace(ret, &t);
}

int token_forget(struct arena *a, const char *state)
{
    TRY(file_remove(path_in(a, state, "token.json")));
    TRY(file_remove(path_in(a, state, "credentials")));
    return 0;
}

int token_save(struct arena *a, const char *state, const struct token *t)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("access_key"), t->access_key);
    value_set_str(a, v, S("secret"), t->secret);
    value_set_str(a, v, S("session"), t->session);
    value_set_int(a, v, S("obtained_at"), t->obtained_at);
    value_set_int(a, v, S("expires_at"), t->expires_at);
    int saved = file_write(path_in(a, state, "token.json"), json_format(a, v), 0600);
    if (saved == 0)
        saved = file_write(path_in(a, state, "credentials"),
                           arena_fmt(a,
                                     "[default]\naws_access_key_id = %.*s\n"
                                     "aws_secret_access_key = %.*s\naws_session_token = %.*s\n",
                                     STR(t->access_key), STR(t->secret), STR(t->session)),
                           0600);
    /* Without the files the agent goes on; a later renewal may find room again. */
    if (saved == FILE_NO_SPACE)
        return 0;
    TRY(saved);
    return 0;
}
