/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "svc/resource_groups/group.h"

#define MAX_TYPES   20
#define MAX_FILTERS 20
#define MAX_VALUES  20

static int wrong(struct str *ret_why, struct str why)
{
    *ret_why = why;
    return GROUP_QUERY_WRONG;
}

static int strings_of(struct arena *a, const struct value *list, size_t max, struct strs *ret)
{
    *ret = (struct strs){ arena_array(a, struct str, value_count(list) + 1), 0 };
    if (!value_is(list, VALUE_LIST) || value_count(list) > max)
        return GROUP_QUERY_WRONG;
    for (size_t i = 0; i < list->list.count; i++) {
        if (!value_is(list->list.items[i], VALUE_STRING))
            return GROUP_QUERY_WRONG;
        ret->items[ret->count++] = list->list.items[i]->string;
    }
    return 0;
}

static int filter_of(struct arena *a, const struct value *v, struct tag_filter *ret)
{
    for (size_t i = 0; value_is(v, VALUE_MAP) && i < v->map.count; i++)
        if (!str_eq(v->map.members[i].key, S("Key")) && !str_eq(v->map.members[i].key, S("Values")))
            return GROUP_QUERY_WRONG;
    ret->key = value_get_str(v, S("Key"));
    if (ret->key.len == 0 || ret->key.len > 128)
        return GROUP_QUERY_WRONG;
    if (!value_get(v, S("Values")))
        return 0;
    return strings_of(a, value_get(v, S("Values")), MAX_VALUES, &ret->values);
}

static int read_types(struct arena *a, const struct value *v, struct group_query *ret)
{
    if (strings_of(a, v, MAX_TYPES, &ret->types) != 0 || ret->types.count == 0)
        return GROUP_QUERY_WRONG;
    for (size_t i = 0; i < ret->types.count; i++)
        if (!str_starts(ret->types.items[i], S("AWS::")))
            return GROUP_QUERY_WRONG;
    if (strs_have(ret->types, S("AWS::AllSupported")))
        ret->types = (struct strs){ 0 };
    return 0;
}

int group_query_parse(struct arena *a, struct str text, struct group_query *ret,
                      struct str *ret_why)
{
    struct value *v;

    *ret = (struct group_query){ 0 };
    if (json_parse(a, text, &v, ret_why) != 0 || !value_is(v, VALUE_MAP))
        return wrong(ret_why, S("Query not valid: it must be a JSON object"));
    for (size_t i = 0; i < v->map.count; i++) {
        struct str key = v->map.members[i].key;
        if (!str_eq(key, S("ResourceTypeFilters")) && !str_eq(key, S("TagFilters")))
            return wrong(ret_why, arena_fmt(a, "Query not valid: unknown member %.*s", STR(key)));
    }
    if (read_types(a, value_get(v, S("ResourceTypeFilters")), ret) != 0)
        return wrong(ret_why, S("Query not valid: ResourceTypeFilters must list 1 to 20 resource "
                                "types"));
    const struct value *filters = value_get(v, S("TagFilters"));
    if (!value_is(filters, VALUE_LIST) || filters->list.count > MAX_FILTERS)
        return wrong(ret_why, S("Query not valid: TagFilters must be a list of up to 20 filters"));

    ret->filters = arena_array(a, struct tag_filter, filters->list.count + 1);
    for (size_t i = 0; i < filters->list.count; i++)
        if (filter_of(a, filters->list.items[i], &ret->filters[ret->n_filters++]) != 0)
            return wrong(ret_why, S("Query not valid: a tag filter has a Key and up to 20 Values"));
    return 0;
}
