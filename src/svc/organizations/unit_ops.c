/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/unit.h"

#include "api/tags.h"
#include "base/crypto.h"

#include "svc/organizations/errors.h"
#include "svc/organizations/listing.h"
#include "svc/organizations/operations.h"

struct create_in {
    struct str parent, name;
    struct list tags;
};

struct unit_in {
    struct str id, name;
};

struct list_in {
    struct str parent;
    struct paging paging;
};

struct unit_out {
    struct unit *unit;
};

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in, parent, "ParentId", REQUIRED, LENGTH(0, 100)),
    STRING(struct create_in, name,   "Name",     REQUIRED, LENGTH(1, 128)),
    LIST(struct create_in,   tags,   "Tags",     OPTIONAL, tag_shape),
};
static const struct shape create_in_shape =
    SHAPE("CreateOrganizationalUnitRequest", struct create_in, create_in_fields);

static const struct field unit_in_fields[] = {
    STRING(struct unit_in, id, "OrganizationalUnitId", REQUIRED, LENGTH(0, 68)),
};
static const struct shape unit_in_shape =
    SHAPE("DescribeOrganizationalUnitRequest", struct unit_in, unit_in_fields);

static const struct field update_in_fields[] = {
    STRING(struct unit_in, id,   "OrganizationalUnitId", REQUIRED, LENGTH(0, 68)),
    STRING(struct unit_in, name, "Name",                 OPTIONAL, LENGTH(1, 128)),
};
static const struct shape update_in_shape =
    SHAPE("UpdateOrganizationalUnitRequest", struct unit_in, update_in_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in, parent, "ParentId", REQUIRED, LENGTH(0, 100)),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListOrganizationalUnitsForParentRequest", struct list_in, list_in_fields);

static const struct field unit_fields[] = {
    STRING(struct unit, id,   "Id",   OPTIONAL),
    STRING(struct unit, arn,  "Arn",  OPTIONAL),
    STRING(struct unit, name, "Name", OPTIONAL),
};
static const struct shape unit_shape = SHAPE("OrganizationalUnit", struct unit, unit_fields);

static const struct field unit_out_fields[] = {
    STRUCT(struct unit_out, unit, "OrganizationalUnit", OPTIONAL, unit_shape),
};
static const struct shape unit_out_shape =
    SHAPE("DescribeOrganizationalUnitResponse", struct unit_out, unit_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing,   items,      "OrganizationalUnits", OPTIONAL, unit_shape),
    STRING(struct listing, next_token, "NextToken",           OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListOrganizationalUnitsForParentResponse", struct listing, list_out_fields);
/* clang-format on */

/* Of requests that start with the id of a root or unit. */
static struct str node_resource(struct op *op, const void *in)
{
    const struct str *id = in;
    struct organization organization;

    if (organization_of_caller(op, &organization) != 0)
        return S("*");
    return unit_parent_arn(op->arena, &organization, *id);
}

static int duplicate(struct op *op)
{
    return op_fail(op, ORG_DUPLICATE_UNIT,
                   "An organizational unit with the same name already exists.");
}

/* Outcomes: ORG_PARENT_NOT_FOUND, ORG_CONSTRAINT_VIOLATION. */
static int check_place(struct op *op, const struct organization *organization, struct str parent)
{
    struct unit unit;
    int64_t n_units, depth = 1;

    PASS(unit_check_parent(op, organization, parent, ORG_PARENT_NOT_FOUND));
    for (struct str id = parent; !str_eq(id, organization->root); id = unit.parent) {
        TRY(unit_get(op->db, op->arena, id, &unit));
        depth++;
    }
    if (depth > UNIT_DEPTH_MAX)
        return op_fail(op, ORG_CONSTRAINT_VIOLATION,
                       "You have exceeded the allowed depth of organizational units (%d).",
                       UNIT_DEPTH_MAX);
    TRY(unit_count(op->db, organization->id, &n_units));
    if (n_units >= UNITS_PER_ORGANIZATION)
        return op_fail(op, ORG_CONSTRAINT_VIOLATION,
                       "You have exceeded the allowed number of organizational units (%d).",
                       UNITS_PER_ORGANIZATION);
    return 0;
}

static int put_tags(struct op *op, const struct unit *unit, const struct list *tags)
{
    struct tagged what = { .arn = unit->arn,
                           .account = op->account,
                           .region = S(""),
                           .type = S("AWS::Organizations::OrganizationalUnit") };

    PASS(tags_put(op, &what, tags->items, tags->count));
    return 0;
}

static int create_unit(struct op *op, const struct create_in *in, struct unit_out *out)
{
    struct organization organization;
    struct unit *unit = arena_new(op->arena, struct unit);

    PASS(organization_managed(op, &organization));
    PASS(check_place(op, &organization, in->parent));

    struct str suffix = random_text(op->arena, 8, "abcdefghijklmnopqrstuvwxyz0123456789");
    *unit = (struct unit){
        .id =
            arena_fmt(op->arena, "ou-%.*s-%.*s", STR(str_from(organization.root, 2)), STR(suffix)),
        .organization = organization.id,
        .parent = in->parent,
        .name = in->name,
    };
    unit->arn = organization_arn(op->arena, &organization, "ou", unit->id);
    int inserted = unit_insert(op->db, unit);
    if (inserted == DB_CONFLICT)
        return duplicate(op);
    TRY(inserted);
    PASS(put_tags(op, unit, &in->tags));
    out->unit = unit;
    return 0;
}
OP_HANDLER(create_unit)

static int describe_unit(struct op *op, const struct unit_in *in, struct unit_out *out)
{
    struct organization organization;

    PASS(organization_managed(op, &organization));
    out->unit = arena_new(op->arena, struct unit);
    PASS(unit_find(op, &organization, in->id, out->unit));
    return 0;
}
OP_HANDLER(describe_unit)

static int update_unit(struct op *op, const struct unit_in *in, struct unit_out *out)
{
    struct organization organization;

    PASS(organization_managed(op, &organization));
    out->unit = arena_new(op->arena, struct unit);
    PASS(unit_find(op, &organization, in->id, out->unit));
    if (!str_is_set(in->name))
        return 0;
    int renamed = unit_rename(op->db, in->id, in->name);
    if (renamed == DB_CONFLICT)
        return duplicate(op);
    TRY(renamed);
    out->unit->name = in->name;
    return 0;
}
OP_HANDLER(update_unit)

static int delete_unit(struct op *op, const struct unit_in *in, struct nothing *out)
{
    struct organization organization;
    struct unit unit;
    int64_t n_children;
    (void)out;

    PASS(organization_managed(op, &organization));
    PASS(unit_find(op, &organization, in->id, &unit));
    TRY(unit_count_children(op->db, unit.id, &n_children));
    if (n_children > 0)
        return op_fail(op, ORG_UNIT_NOT_EMPTY,
                       "The specified organizational unit contains accounts or organizational "
                       "units.");
    TRY(unit_delete(op->db, unit.id));
    TRY(tags_remove_all(op, unit.arn));
    return 0;
}
OP_HANDLER(delete_unit)

static int list_units_for_parent(struct op *op, const struct list_in *in, struct listing *out)
{
    struct organization organization;
    struct unit *units;
    struct str after;

    PASS(listing_start(op, &in->paging, &after));
    PASS(organization_managed(op, &organization));
    PASS(unit_check_parent(op, &organization, in->parent, ORG_PARENT_NOT_FOUND));
    TRY(unit_list(op->db, op->arena, in->parent, after, in->paging.max_results + 1, &units,
                  &out->items.count));
    for (size_t i = 0; i < out->items.count; i++)
        units[i].arn = organization_arn(op->arena, &organization, "ou", units[i].id);
    out->items.items = units;
    listing_end(op, &in->paging, sizeof(struct unit), offsetof(struct unit, id), out);
    return 0;
}
OP_HANDLER(list_units_for_parent)

/* clang-format off */
const struct operation unit_operations[] = {
    OP("CreateOrganizationalUnit", create_unit, create_in_shape, unit_out_shape, OP_WRITES,
       RAISES(ORG_NOT_IN_USE, ORG_PARENT_NOT_FOUND, ORG_CONSTRAINT_VIOLATION, ORG_DUPLICATE_UNIT),
       .resource = node_resource),
    OP("DescribeOrganizationalUnit", describe_unit, unit_in_shape, unit_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE, ORG_UNIT_NOT_FOUND), .resource = node_resource),
    OP("UpdateOrganizationalUnit", update_unit, update_in_shape, unit_out_shape, OP_WRITES,
       RAISES(ORG_NOT_IN_USE, ORG_UNIT_NOT_FOUND, ORG_DUPLICATE_UNIT), .resource = node_resource),
    OP("DeleteOrganizationalUnit", delete_unit, unit_in_shape, shape_nothing, OP_WRITES,
       RAISES(ORG_NOT_IN_USE, ORG_UNIT_NOT_FOUND, ORG_UNIT_NOT_EMPTY), .resource = node_resource),
    OP("ListOrganizationalUnitsForParent", list_units_for_parent, list_in_shape, list_out_shape,
       OP_READS, RAISES(ORG_NOT_IN_USE, ORG_PARENT_NOT_FOUND)),
    OP_END,
};
/* clang-format on */
