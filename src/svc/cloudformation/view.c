/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/view.h"

#include "base/json.h"

static const struct field tag_fields[] = {
    STRING(struct tag, key, "Key", REQUIRED, LENGTH(1, 128)),
    STRING(struct tag, value, "Value", REQUIRED, LENGTH(1, 256)),
};
const struct shape cfn_tag_shape = SHAPE("Tag", struct tag, tag_fields);

int stack_must(struct op *op, struct str name_or_id, struct stack *ret)
{
    int found = stack_find(op, name_or_id, ret);
    if (found == DB_NO_ROW)
        return op_invalid(op, "Stack with id %.*s does not exist", STR(name_or_id));
    TRY(found);
    return 0;
}

struct str stack_resource(struct op *op, struct str name_or_id)
{
    struct stack stack;

    if (!str_is_set(name_or_id))
        return op_arn(op, "cloudformation", "stack/*/*");
    if (str_starts(name_or_id, S("arn:")))
        return name_or_id;
    if (stack_get_live(op, name_or_id, &stack) == 0)
        return stack.id;
    return op_arn(op, "cloudformation", "stack/%.*s/*", STR(name_or_id));
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool stack_name_is_valid(struct str s)
{
    return s.len > 0 && s.len <= 128 && is_letter(s.p[0]) && str_is_word(s, "-");
}

bool token_is_valid(struct str s)
{
    return s.len > 0 && s.p[0] != '-' && str_is_word(s, "-");
}

struct strs strings_of(struct arena *a, struct str json)
{
    struct strs list = { 0 };
    struct value *v;

    if (!str_is_set(json) || json_parse(a, json, &v, NULL) != 0)
        return list;
    list.items = arena_array(a, struct str, value_count(v) + 1);
    for (size_t i = 0; i < value_count(v); i++)
        list.items[list.count++] = value_str(value_at(v, i));
    return list;
}

struct list tags_from(struct arena *a, struct str json)
{
    struct value *v;

    if (!str_is_set(json) || json_parse(a, json, &v, NULL) != 0)
        return (struct list){ 0 };
    struct tag *tags = arena_array(a, struct tag, value_count(v) + 1);
    for (size_t i = 0; i < value_count(v); i++)
        tags[i] = (struct tag){ value_get_str(value_at(v, i), S("Key")),
                                value_get_str(value_at(v, i), S("Value")) };
    return (struct list){ tags, value_count(v) };
}

struct str tags_to(struct arena *a, const struct list *tags)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < tags->count; i++)
        value_append(a, list, shape_write(&cfn_tag_shape, LIST_ITEM(struct tag, *tags, i), a));
    return json_format(a, list);
}

int page_below(struct op *op, struct str token, int64_t *ret_before)
{
    struct str position;

    *ret_before = INT64_MAX;
    PASS(page_open(op, token, &position));
    if (str_is_set(position) && !str_to_int(position, ret_before))
        return op_invalid(op, "Invalid NextToken.");
    return 0;
}
