/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/types.h"

#include <stdarg.h>
#include <stdio.h>

#include "api/ports.h"
#include "api/service.h"
#include "api/tags.h"

#define TAG_STACK_NAME "aws:cloudformation:stack-name"
#define TAG_STACK_ID   "aws:cloudformation:stack-id"
#define TAG_LOGICAL_ID "aws:cloudformation:logical-id"

static const struct resource_type *const types[] = {
    &type_events_rule,       &type_iam_role,       &type_lambda_function,
    &type_lambda_permission, &type_resource_group, &type_ssm_document,
};

const struct resource_type *type_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eq(name, str_of(types[i]->name)))
            return types[i];
    return NULL;
}

/* --- calls ---------------------------------------------------------------- */

static bool has_service(const struct plane *plane, const char *name)
{
    for (const struct service *const *s = plane->services; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return true;
    return false;
}

static int call(struct step *s, const char *service, const char *operation, struct value *in,
                struct aws_result *ret)
{
    struct aws_request request = {
        .as = s->as,
        .region = s->stack->region,
        .service = service,
        .operation = operation,
        .in = in,
    };

    if (!has_service(s->run->plane, service)) {
        *ret = (struct aws_result){ 400, S("UnsupportedOperation"),
                                    arena_fmt(s->arena, "This plane has no %s.", service), NULL };
        return 0;
    }
    TRY(aws_call(s->run->aws, &request, s->arena, ret));
    if (aws_is_transient(ret))
        return err_fault(EAGAIN, "%s:%s: %.*s", service, operation, STR(ret->message));
    return 0;
}

int step_fail(struct step *s, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    s->why = arena_dup(s->arena, str_of(text));
    return STEP_FAILED;
}

static int refused(struct step *s, const char *service, const struct aws_result *result)
{
    return step_fail(s,
                     "Resource handler returned message: \"%.*s (Service: %s, Status Code: %d)\" "
                     "(HandlerErrorCode: %.*s)",
                     STR(result->message), service, result->status, STR(result->code));
}

int step_do(struct step *s, const char *service, const char *operation, struct value *in,
            const char *but, struct aws_result *ret)
{
    TRY(call(s, service, operation, in, ret));
    if (aws_succeeded(ret) || (but && str_eq(ret->code, str_of(but))))
        return 0;
    return refused(s, service, ret);
}

void step_take(struct step *s, struct value *in, const char *name)
{
    struct value *v = value_get(s->properties, str_of(name));
    if (v)
        value_set(s->arena, in, str_of(name), v);
}

/* --- names and tags ------------------------------------------------------- */

struct str step_arn(struct step *s, const char *service, const char *kind)
{
    return arena_fmt(s->arena, "arn:aws:%s:%.*s:%.*s:%s%.*s", service, STR(s->stack->region),
                     STR(s->stack->account), kind, STR(s->physical));
}

void step_attribute(struct step *s, const char *name, struct str value)
{
    value_set_str(s->arena, s->attributes, str_of(name), value);
}

static const struct resource_type *type_of(const struct step *s)
{
    return type_find(s->resource->type);
}

static void add_tags(struct step *s, struct value *map, const struct value *list)
{
    for (size_t i = 0; i < value_count(list); i++)
        value_set_str(s->arena, map, value_get_str(value_at(list, i), S("Key")),
                      value_get_str(value_at(list, i), S("Value")));
}

struct value *step_tag_map(struct step *s)
{
    struct value *map = value_map(s->arena);
    const char *own = type_of(s)->tags_property;

    add_tags(s, map, s->stack_tags);
    if (own)
        add_tags(s, map, value_get(s->properties, str_of(own)));
    value_set_str(s->arena, map, S(TAG_STACK_NAME), s->stack->name);
    value_set_str(s->arena, map, S(TAG_STACK_ID), s->stack->id);
    value_set_str(s->arena, map, S(TAG_LOGICAL_ID), s->resource->id);
    return map;
}

struct value *step_tags(struct step *s)
{
    struct value *map = step_tag_map(s), *list = value_list(s->arena);

    for (size_t i = 0; i < value_count(map); i++) {
        struct value *tag = value_map(s->arena);
        value_set_str(s->arena, tag, S("Key"), map->map.members[i].key);
        value_set_str(s->arena, tag, S("Value"), value_str(map->map.members[i].value));
        value_append(s->arena, list, tag);
    }
    return list;
}

/* stack-logical-RANDOM, within the type's length. */
static struct str generated_name(struct step *s, size_t max)
{
    struct str stack = s->stack->name, id = s->resource->id, token = s->resource->token;
    size_t room = max - token.len - 2;

    if (stack.len + id.len > room) {
        size_t half = room / 2;
        if (stack.len > half && id.len > half) {
            stack = str_slice(stack, 0, room - half);
            id = str_slice(id, 0, half);
        } else if (stack.len > half) {
            stack = str_slice(stack, 0, room - id.len);
        } else {
            id = str_slice(id, 0, room - stack.len);
        }
    }
    return arena_fmt(s->arena, "%.*s-%.*s-%.*s", STR(stack), STR(id), STR(token));
}

static struct str physical_name(struct step *s, const struct resource_type *type)
{
    struct str name = { 0 };

    if (type->name_property)
        name = value_get_str(s->properties, str_of(type->name_property));
    return str_is_empty(name) ? generated_name(s, type->name_max) : name;
}

/* Whether what is there under our name is of this very resource. */
static int is_ours(struct step *s, const struct resource_type *type, bool *ret)
{
    struct tag *tags;
    size_t count;
    unsigned matches = 0;

    *ret = !type->arn;
    if (*ret)
        return 0;
    TRY(tags_of(s->run->db, s->arena, type->arn(s), &tags, &count));
    for (size_t i = 0; i < count; i++) {
        matches += str_eq(tags[i].key, S(TAG_STACK_ID)) && str_eq(tags[i].value, s->stack->id);
        matches += str_eq(tags[i].key, S(TAG_LOGICAL_ID)) && str_eq(tags[i].value, s->resource->id);
    }
    *ret = matches == 2;
    return 0;
}

/* --- making and unmaking -------------------------------------------------- */

static int prepare(struct step *s, const struct resource_type *type, const struct value *properties)
{
    int converted =
        properties_convert(s->arena, type->properties, properties, &s->properties, &s->why);
    if (converted == PROPERTY_WRONG)
        return STEP_FAILED;
    TRY(converted);
    s->attributes = value_map(s->arena);
    s->physical = physical_name(s, type);
    return 0;
}

static int check_tags(struct step *s, const struct resource_type *type)
{
    const struct value *own =
        type->tags_property ? value_get(s->properties, str_of(type->tags_property)) : NULL;

    for (size_t i = 0; i < value_count(own); i++)
        if (str_starts(value_get_str(value_at(own, i), S("Key")), S("aws:")))
            return step_fail(s, "Tag keys starting with aws: are reserved for system use.");
    return 0;
}

int type_create(struct step *s, const struct value *properties)
{
    const struct resource_type *type = type_of(s);
    bool ours;

    if (!type)
        return step_fail(s, "Unrecognized resource type: %.*s", STR(s->resource->type));
    PASS(prepare(s, type, properties));
    PASS(check_tags(s, type));
    int made = type->make(s);
    if (made == STEP_TAKEN) {
        TRY(is_ours(s, type, &ours));
        if (!ours)
            return STEP_FAILED;
    } else {
        PASS(made);
    }
    s->is_made = true;
    return type->finish ? type->finish(s) : 0;
}

int type_delete(struct step *s, const struct value *properties)
{
    const struct resource_type *type = type_of(s);
    bool ours;

    if (!type)
        return 0; /* none was made */
    int prepared = prepare(s, type, properties);
    if (prepared == STEP_FAILED && s->resource->made == MADE_PERHAPS)
        return 0; /* so its making ended before its first call */
    PASS(prepared);
    if (str_is_set(s->resource->physical))
        s->physical = s->resource->physical;
    if (s->resource->made == MADE_PERHAPS) {
        TRY(is_ours(s, type, &ours));
        if (!ours)
            return 0;
    }
    return type->unmake(s);
}
