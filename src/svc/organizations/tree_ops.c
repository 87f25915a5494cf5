/* SPDX-License-Identifier: Apache-2.0 */
/* The tree by ids alone: children of one kind, the parent of anything. */
#include "svc/organizations/account.h"
#include "svc/organizations/errors.h"
#include "svc/organizations/listing.h"
#include "svc/organizations/operations.h"
#include "svc/organizations/unit.h"

struct children_in {
    struct str parent, type;
    struct paging paging;
};

struct parents_in {
    struct str child;
    struct paging paging;
};

struct node {
    struct str id, type;
};

static const char *const child_types[] = { "ACCOUNT", "ORGANIZATIONAL_UNIT", NULL };

/* clang-format off */
static const struct field children_in_fields[] = {
    STRING(struct children_in, parent, "ParentId",  REQUIRED, LENGTH(0, 100)),
    STRING(struct children_in, type,   "ChildType", REQUIRED, .values = child_types),
    PAGING_FIELDS(struct children_in, paging),
};
static const struct shape children_in_shape =
    SHAPE("ListChildrenRequest", struct children_in, children_in_fields);

static const struct field parents_in_fields[] = {
    STRING(struct parents_in, child, "ChildId", REQUIRED, LENGTH(0, 100)),
    PAGING_FIELDS(struct parents_in, paging),
};
static const struct shape parents_in_shape =
    SHAPE("ListParentsRequest", struct parents_in, parents_in_fields);

static const struct field node_fields[] = {
    STRING(struct node, id,   "Id",   OPTIONAL),
    STRING(struct node, type, "Type", OPTIONAL),
};
static const struct shape child_shape = SHAPE("Child", struct node, node_fields);
static const struct shape parent_shape = SHAPE("Parent", struct node, node_fields);

static const struct field children_out_fields[] = {
    LIST(struct listing,   items,      "Children",  OPTIONAL, child_shape),
    STRING(struct listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape children_out_shape =
    SHAPE("ListChildrenResponse", struct listing, children_out_fields);

static const struct field parents_out_fields[] = {
    LIST(struct listing,   items,      "Parents",   OPTIONAL, parent_shape),
    STRING(struct listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape parents_out_shape =
    SHAPE("ListParentsResponse", struct listing, parents_out_fields);
/* clang-format on */

static int accounts_below(struct op *op, const struct organization *organization, struct str parent,
                          struct str after, int64_t limit, struct list *ret)
{
    struct account *accounts;

    TRY(account_list(op->db, op->arena, organization->id, parent, after, limit, &accounts,
                     &ret->count));
    ret->items = arena_array(op->arena, struct node, ret->count + 1);
    for (size_t i = 0; i < ret->count; i++)
        *LIST_ITEM(struct node, *ret, i) = (struct node){ accounts[i].id, S("ACCOUNT") };
    return 0;
}

static int units_below(struct op *op, struct str parent, struct str after, int64_t limit,
                       struct list *ret)
{
    struct unit *units;

    TRY(unit_list(op->db, op->arena, parent, after, limit, &units, &ret->count));
    ret->items = arena_array(op->arena, struct node, ret->count + 1);
    for (size_t i = 0; i < ret->count; i++)
        *LIST_ITEM(struct node, *ret, i) = (struct node){ units[i].id, S("ORGANIZATIONAL_UNIT") };
    return 0;
}

static int list_children(struct op *op, const struct children_in *in, struct listing *out)
{
    struct organization organization;
    struct str after;
    int64_t limit = in->paging.max_results + 1;

    PASS(listing_start(op, &in->paging, &after));
    PASS(organization_managed(op, &organization));
    PASS(unit_check_parent(op, &organization, in->parent, ORG_PARENT_NOT_FOUND));
    if (str_eq(in->type, S("ACCOUNT")))
        TRY(accounts_below(op, &organization, in->parent, after, limit, &out->items));
    else
        TRY(units_below(op, in->parent, after, limit, &out->items));
    listing_end(op, &in->paging, sizeof(struct node), offsetof(struct node, id), out);
    return 0;
}
OP_HANDLER(list_children)

/* Of an account or unit of this organization. Outcome: ORG_CHILD_NOT_FOUND. */
static int parent_of(struct op *op, const struct organization *organization, struct str child,
                     struct str *ret)
{
    struct account account = { 0 };
    struct unit unit = { 0 };
    bool is_unit = str_starts(child, S("ou-"));

    int found = is_unit ? unit_get(op->db, op->arena, child, &unit)
                        : account_get(op->db, op->arena, child, &account);
    struct str of = is_unit ? unit.organization : account.organization;
    if (found == DB_NO_ROW || (found == 0 && !str_eq(of, organization->id)))
        return op_fail(op, ORG_CHILD_NOT_FOUND,
                       "We can't find an organizational unit or account with the ChildId that "
                       "you specified.");
    TRY(found);
    *ret = is_unit ? unit.parent : account.parent;
    return 0;
}

static int list_parents(struct op *op, const struct parents_in *in, struct listing *out)
{
    struct organization organization;
    struct node *parent = arena_new(op->arena, struct node);
    struct str after;

    PASS(listing_start(op, &in->paging, &after));
    PASS(organization_managed(op, &organization));
    PASS(parent_of(op, &organization, in->child, &parent->id));
    parent->type = str_eq(parent->id, organization.root) ? S("ROOT") : S("ORGANIZATIONAL_UNIT");
    out->items = (struct list){ parent, 1 };
    return 0;
}
OP_HANDLER(list_parents)

/* clang-format off */
const struct operation tree_operations[] = {
    OP("ListChildren", list_children, children_in_shape, children_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE, ORG_PARENT_NOT_FOUND)),
    OP("ListParents", list_parents, parents_in_shape, parents_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE, ORG_CHILD_NOT_FOUND)),
    OP_END,
};
/* clang-format on */
