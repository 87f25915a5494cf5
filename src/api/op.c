/* SPDX-License-Identifier: Apache-2.0 */
#include "api/op.h"

#include <stdarg.h>
#include <stdio.h>

#include "api/ports.h"
#include "api/service.h"
#include "base/crypto.h"
#include "base/hex.h"

PRINTF(2, 0) static struct str format(struct arena *a, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    assert(len >= 0);
    char *p = arena_alloc(a, (size_t)len + 1);
    vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct str){ p, (size_t)len };
}

int(op_fail)(struct op *op, int outcome, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    op->message = format(op->arena, fmt, args);
    va_end(args);
    return outcome;
}

int(op_invalid)(struct op *op, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    op->message = format(op->arena, fmt, args);
    va_end(args);
    return OP_INVALID;
}

int op_wait(struct op *op, struct str key, msec patience)
{
    op->wait_for = arena_dup(op->arena, key);
    if (op->wait_until == 0)
        op->wait_until = op->now + patience;
    return OP_AGAIN;
}

bool op_expired(const struct op *op)
{
    return op->wait_until != 0 && op->now >= op->wait_until;
}

void op_wake(struct op *op, struct str key)
{
    op->wakes.items = ARENA_GROW(op->arena, op->wakes.items, op->wakes.count, &op->wakes_capacity);
    op->wakes.items[op->wakes.count++] = arena_dup(op->arena, key);
}

struct str op_arn(struct op *op, const char *service, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str rest = format(op->arena, fmt, args);
    va_end(args);
    return arena_fmt(op->arena, "arn:aws:%s:%.*s:%.*s:%.*s", service, STR(op->region),
                     STR(op->account), STR(rest));
}

struct str op_global_arn(struct op *op, const char *service, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str rest = format(op->arena, fmt, args);
    va_end(args);
    return arena_fmt(op->arena, "arn:aws:%s::%.*s:%.*s", service, STR(op->account), STR(rest));
}

bool arn_parse(struct str s, struct arn *ret)
{
    struct str head;

    if (!str_cut(s, ':', &head, &s) || !str_eq(head, S("arn")))
        return false;
    return str_cut(s, ':', &ret->partition, &s) && str_cut(s, ':', &ret->service, &s) &&
           str_cut(s, ':', &ret->region, &s) && str_cut(s, ':', &ret->account, &ret->resource) &&
           ret->resource.len > 0;
}

/* A token says for which operation of which account it was given, so one
 * cannot be carried to another list. */
static struct str token_scope(struct op *op)
{
    return arena_fmt(op->arena, "page %s:%s %.*s", op->service->name, op->operation->name,
                     STR(op->account));
}

struct str page_token(struct op *op, struct str position)
{
    if (!str_is_set(position))
        return position;
    struct str box = seal(op->arena, op->plane->master_key, token_scope(op), position);
    return base64_encode(op->arena, box);
}

int page_open(struct op *op, struct str token, struct str *ret_position)
{
    struct str box;

    *ret_position = (struct str){ 0 };
    if (str_is_empty(token))
        return 0;
    if (!base64_decode(op->arena, token, &box) ||
        !unseal(op->arena, op->plane->master_key, token_scope(op), box, ret_position))
        return op_invalid(op, "The specified token is not valid.");
    return 0;
}

const struct operation *service_operation(const struct service *s, struct str name)
{
    for (const struct operation *const *noun = s->nouns; *noun; noun++)
        for (const struct operation *o = *noun; o->name; o++)
            if (str_eq(name, str_of(o->name)))
                return o;
    return NULL;
}

const struct service_error *service_error(const struct service *s, int code)
{
    for (size_t i = 0; i < s->n_errors; i++)
        if (s->errors[i].code == code)
            return &s->errors[i];
    return NULL;
}
