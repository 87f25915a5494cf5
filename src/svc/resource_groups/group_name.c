/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/group_name.h"

#include "svc/resource_groups/errors.h"

bool group_name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, "_.-");
}

struct str group_arn(struct op *op, struct str name)
{
    return op_arn(op, "resource-groups", "group/%.*s", STR(name));
}

struct str group_name_in(struct str group)
{
    struct arn arn;

    if (arn_parse(group, &arn) && str_starts(arn.resource, S("group/")))
        return str_from(arn.resource, strlen("group/"));
    return group;
}

int group_find(struct op *op, struct str group_name, struct str group, struct group *ret)
{
    struct str given = str_is_set(group) ? group : group_name;

    if (!str_is_set(given))
        return op_fail(op, GROUPS_BAD_REQUEST, "Group is required");
    struct str name = group_name_in(given);
    bool is_elsewhere = name.p != given.p && !str_eq(group_arn(op, name), given);
    int found = is_elsewhere ? DB_NO_ROW : group_get(op, name, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, GROUPS_NOT_FOUND, "Cannot find group: %.*s", STR(given));
    TRY(found);
    return 0;
}
