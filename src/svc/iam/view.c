/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/view.h"

#include "api/tags.h"

/* clang-format off */
static const struct field boundary_fields[] = {
    STRING(struct boundary_view, type, "PermissionsBoundaryType", OPTIONAL),
    STRING(struct boundary_view, arn,  "PermissionsBoundaryArn",  OPTIONAL),
};
/* clang-format on */
const struct shape boundary_shape =
    SHAPE("AttachedPermissionsBoundary", struct boundary_view, boundary_fields);

struct boundary_view *boundary_view(struct arena *a, struct str arn)
{
    if (!str_is_set(arn))
        return NULL;
    struct boundary_view *view = arena_new(a, struct boundary_view);
    *view = (struct boundary_view){ S("PermissionsBoundaryPolicy"), arn };
    return view;
}

int tags_view(struct op *op, struct str arn, struct list *ret)
{
    struct tag *tags;
    size_t count;

    TRY(tags_of(op->db, op->arena, arn, &tags, &count));
    *ret = (struct list){ count > 0 ? tags : NULL, count };
    return 0;
}
