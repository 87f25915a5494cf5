/* SPDX-License-Identifier: Apache-2.0 */
/* ListComplianceItems, ListComplianceSummaries, ListResourceComplianceSummaries. */
#include "svc/ssm/compliance/compliance_view.h"

#include "store/db.h"
#include "svc/ssm/compliance/compliance.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

#define PAGE_MAX 50
#define CHUNK    100     /* rows read at a time */
#define LOOKED   50      /* rows whose items are read for one page: a filter may pass few */
#define PAST_ALL 1000000 /* behind every item of a row */

static int open_token(struct op *op, struct str token, struct str *ret)
{
    if (page_open(op, token, ret) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    return 0;
}

/* "resource type index": neither of the first two has a blank. */
static int open_position(struct op *op, struct str token, struct str *ret_resource,
                         struct str *ret_type, int64_t *ret_index)
{
    struct str position, rest, index;

    PASS(open_token(op, token, &position));
    *ret_resource = *ret_type = S("");
    *ret_index = 0;
    if (!str_is_set(position))
        return 0;
    if (!str_cut(position, ' ', ret_resource, &rest) || !str_cut(rest, ' ', ret_type, &index) ||
        !str_to_int(index, ret_index))
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    return 0;
}

/* --- ListComplianceItems -----------------------------------------------------------------------
 */

struct items_in {
    struct list filters;
    struct strs resource_ids, resource_types;
    int64_t max_results;
    struct str next_token;
};

struct item_view {
    struct str type, resource_type, resource, id, title, status, severity;
    struct compliance_execution *execution;
    struct text_map details;
};

struct items_out {
    struct list items;
    struct str next_token;
};

/* clang-format off */
#define PAGE_FIELDS(T) \
    LIST(T,    filters,     "Filters",    OPTIONAL, compliance_filter_shape), \
    INTEGER(T, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)), \
    STRING(T,  next_token,  "NextToken",  OPTIONAL)

static const struct field items_in_fields[] = {
    PAGE_FIELDS(struct items_in),
    STRINGS(struct items_in, resource_ids,   "ResourceIds",   OPTIONAL, .min = 1, .item_min = 1, .item_max = 100),
    STRINGS(struct items_in, resource_types, "ResourceTypes", OPTIONAL, .min = 1, .item_min = 1, .item_max = 50),
};
static const struct shape items_in_shape =
    SHAPE("ListComplianceItemsRequest", struct items_in, items_in_fields);

#define I struct item_view
static const struct field item_fields[] = {
    STRING(I,   type,          "ComplianceType",   OPTIONAL),
    STRING(I,   resource_type, "ResourceType",     OPTIONAL),
    STRING(I,   resource,      "ResourceId",       OPTIONAL),
    STRING(I,   id,            "Id",               OPTIONAL),
    STRING(I,   title,         "Title",            OPTIONAL),
    STRING(I,   status,        "Status",           OPTIONAL),
    STRING(I,   severity,      "Severity",         OPTIONAL),
    STRUCT(I,   execution,     "ExecutionSummary", OPTIONAL, compliance_execution_shape),
    TEXT_MAP(I, details,       "Details",          OPTIONAL),
};
#undef I
static const struct shape item_shape = SHAPE("ComplianceItem", struct item_view, item_fields);

static const struct field items_out_fields[] = {
    LIST(struct items_out,   items,      "ComplianceItems", OPTIONAL, item_shape),
    STRING(struct items_out, next_token, "NextToken",       OPTIONAL),
};
static const struct shape items_out_shape =
    SHAPE("ListComplianceItemsResult", struct items_out, items_out_fields);
/* clang-format on */

static bool is_member(struct str key)
{
    return str_eq(key, S("Id")) || str_eq(key, S("Title")) || str_eq(key, S("Status")) ||
           str_eq(key, S("Severity"));
}

static struct item_view item_view(struct op *op, const struct compliance *c,
                                  const struct value *item)
{
    struct item_view v = {
        .type = c->type,
        .resource_type = S(COMPLIANCE_RESOURCE),
        .resource = c->resource,
        .id = value_get_str(item, S("Id")),
        .title = value_get_str(item, S("Title")),
        .status = value_get_str(item, S("Status")),
        .severity = value_get_str(item, S("Severity")),
        .execution = compliance_execution_of(op, c),
    };

    v.details.items = arena_array(op->arena, struct text_pair, value_count(item));
    for (size_t i = 0; i < value_count(item); i++) {
        const struct value_member *m = &item->map.members[i];
        if (!is_member(m->key))
            v.details.items[v.details.count++] = (struct text_pair){ m->key, value_str(m->value) };
    }
    return v;
}

/* A filter on what only some types' items have passes none of the others. */
static struct str fact_of_item(const struct compliance *c, const struct value *item, struct str key)
{
    struct str s = compliance_fact(c, key);

    if (str_eq(key, S("Status")) || str_eq(key, S("Severity")) || !str_is_set(s))
        s = value_get_str(item, key);
    return s;
}

static bool item_passes(const struct list *filters, const struct compliance *c,
                        const struct value *item)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct compliance_filter *f = LIST_ITEM(struct compliance_filter, *filters, i);
        if (!compliance_filter_passes(f, fact_of_item(c, item, f->key)))
            return false;
    }
    return true;
}

/* What a compliance type alone says need not be looked up item by item. */
static bool may_pass(const struct list *filters, const struct compliance *c)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct compliance_filter *f = LIST_ITEM(struct compliance_filter, *filters, i);
        if (!str_eq(f->key, S("Status")) && !str_eq(f->key, S("Severity")) &&
            str_is_set(compliance_fact(c, f->key)) &&
            !compliance_filter_passes(f, compliance_fact(c, f->key)))
            return false;
    }
    return true;
}

/* Fills the page from one row, from its item `from` on; true once the page is full. */
static int take_items(struct op *op, const struct items_in *in, const struct compliance *c,
                      int64_t from, struct items_out *out, bool *ret_full)
{
    struct item_view *items = out->items.items;
    struct value *content;

    *ret_full = false;
    if (!may_pass(&in->filters, c))
        return 0;
    TRY(compliance_items(op, c, &content));
    for (size_t i = (size_t)from; i < value_count(content); i++) {
        const struct value *item = value_at(content, i);
        if (!item_passes(&in->filters, c, item))
            continue;
        if (out->items.count == (size_t)in->max_results) {
            out->next_token = page_token(
                op, arena_fmt(op->arena, "%.*s %.*s %zu", STR(c->resource), STR(c->type), i));
            *ret_full = true;
            return 0;
        }
        items[out->items.count++] = item_view(op, c, item);
    }
    return 0;
}

static int check_resources(struct op *op, const struct items_in *in, struct str *ret_resource)
{
    *ret_resource = (struct str){ 0 };
    if (in->resource_ids.count > 1 || in->resource_types.count > 1)
        return op_invalid(op, "One resource id and one resource type may be given.");
    if (in->resource_types.count == 1 &&
        !str_eq(in->resource_types.items[0], S(COMPLIANCE_RESOURCE)))
        return op_fail(op, SSM_INVALID_RESOURCE_TYPE, "The resource type %.*s is not valid.",
                       STR(in->resource_types.items[0]));
    if (in->resource_ids.count == 1)
        *ret_resource = in->resource_ids.items[0];
    return 0;
}

static int list_items(struct op *op, const struct items_in *in, struct items_out *out)
{
    struct str resource, after, type;
    struct compliance first, *rows;
    size_t count = CHUNK, looked = 0;
    int64_t from;
    bool is_full = false;

    PASS(check_resources(op, in, &resource));
    PASS(open_position(op, in->next_token, &after, &type, &from));
    out->items.items = arena_array(op->arena, struct item_view, in->max_results);
    if (after.len > 0) { /* the row in which the last page ended */
        int found = compliance_get(op, after, type, &first);
        if (found == 0)
            TRY(take_items(op, in, &first, from, out, &is_full));
        else if (found != DB_NO_ROW)
            TRY(found);
    }
    while (!is_full && count == CHUNK) {
        TRY(compliance_list(op, resource, after, type, CHUNK, &rows, &count));
        for (size_t i = 0; i < count && !is_full; i++) {
            if (looked++ == LOOKED) {
                out->next_token = page_token(
                    op, arena_fmt(op->arena, "%.*s %.*s %d", STR(after), STR(type), PAST_ALL));
                return 0;
            }
            TRY(take_items(op, in, &rows[i], 0, out, &is_full));
            after = rows[i].resource;
            type = rows[i].type;
        }
    }
    return 0;
}
OP_HANDLER(list_items)

/* --- ListResourceComplianceSummaries -------------------------------------- */

struct resources_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

static const struct field resources_in_fields[] = { PAGE_FIELDS(struct resources_in) };
static const struct shape resources_in_shape =
    SHAPE("ListResourceComplianceSummariesRequest", struct resources_in, resources_in_fields);

struct resource_view {
    struct str type, resource_type, resource, status, severity;
    struct compliance_execution *execution;
    struct summary_view *compliant, *non_compliant;
};

struct resources_out {
    struct list items;
    struct str next_token;
};

/* clang-format off */
#define R struct resource_view
static const struct field resource_fields[] = {
    STRING(R, type,          "ComplianceType",      OPTIONAL),
    STRING(R, resource_type, "ResourceType",        OPTIONAL),
    STRING(R, resource,      "ResourceId",          OPTIONAL),
    STRING(R, status,        "Status",              OPTIONAL),
    STRING(R, severity,      "OverallSeverity",     OPTIONAL),
    STRUCT(R, execution,     "ExecutionSummary",    OPTIONAL, compliance_execution_shape),
    STRUCT(R, compliant,     "CompliantSummary",    OPTIONAL, compliant_view_shape),
    STRUCT(R, non_compliant, "NonCompliantSummary", OPTIONAL, non_compliant_view_shape),
};
#undef R
static const struct shape resource_shape =
    SHAPE("ResourceComplianceSummaryItem", struct resource_view, resource_fields);

static const struct field resources_out_fields[] = {
    LIST(struct resources_out,   items,      "ResourceComplianceSummaryItems", OPTIONAL, resource_shape),
    STRING(struct resources_out, next_token, "NextToken",                      OPTIONAL),
};
static const struct shape resources_out_shape =
    SHAPE("ListResourceComplianceSummariesResult", struct resources_out, resources_out_fields);
/* clang-format on */

static bool row_passes(const struct list *filters, const struct compliance *c)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct compliance_filter *f = LIST_ITEM(struct compliance_filter, *filters, i);
        if (!compliance_filter_passes(f, compliance_fact(c, f->key)))
            return false;
    }
    return true;
}

static int check_row_filters(struct op *op, const struct list *filters)
{
    static const struct compliance any = {
        .resource = S_INIT(""),
        .type = S_INIT(""),
        .execution_id = S_INIT(""),
        .execution_type = S_INIT(""),
        .status = S_INIT(""),
        .severity = S_INIT(""),
    };

    for (size_t i = 0; i < filters->count; i++) {
        const struct compliance_filter *f = LIST_ITEM(struct compliance_filter, *filters, i);
        if (!str_is_set(compliance_fact(&any, f->key)))
            return op_fail(op, SSM_INVALID_FILTER, "The filter key %.*s is not supported.",
                           STR(f->key));
    }
    return 0;
}

static struct resource_view resource_view(struct op *op, const struct compliance *c)
{
    struct severity_counts good = compliance_counts(c->compliant);
    struct severity_counts bad = compliance_counts(c->non_compliant);

    return (struct resource_view){
        .type = c->type,
        .resource_type = S(COMPLIANCE_RESOURCE),
        .resource = c->resource,
        .status = c->status,
        .severity = c->severity,
        .execution = compliance_execution_of(op, c),
        .compliant = summary_view_of(op, &good),
        .non_compliant = summary_view_of(op, &bad),
    };
}

static int list_resources(struct op *op, const struct resources_in *in, struct resources_out *out)
{
    struct resource_view *items = arena_array(op->arena, struct resource_view, in->max_results);
    struct compliance *rows;
    struct str after, type;
    size_t count = CHUNK;
    int64_t ignored;

    PASS(check_row_filters(op, &in->filters));
    PASS(open_position(op, in->next_token, &after, &type, &ignored));
    out->items.items = items;
    while (count == CHUNK) {
        TRY(compliance_list(op, (struct str){ 0 }, after, type, CHUNK, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            if (row_passes(&in->filters, &rows[i])) {
                if (out->items.count == (size_t)in->max_results) {
                    out->next_token =
                        page_token(op, arena_fmt(op->arena, "%.*s %.*s 0", STR(after), STR(type)));
                    return 0;
                }
                items[out->items.count++] = resource_view(op, &rows[i]);
            }
            after = rows[i].resource;
            type = rows[i].type;
        }
    }
    return 0;
}
OP_HANDLER(list_resources)

/* --- ListComplianceSummaries ---------------------------------------------- */

static const struct shape summaries_in_shape =
    SHAPE("ListComplianceSummariesRequest", struct resources_in, resources_in_fields);

struct type_view {
    struct str type;
    struct summary_view *compliant, *non_compliant;
};

/* clang-format off */
static const struct field type_fields[] = {
    STRING(struct type_view, type,          "ComplianceType",      OPTIONAL),
    STRUCT(struct type_view, compliant,     "CompliantSummary",    OPTIONAL, compliant_view_shape),
    STRUCT(struct type_view, non_compliant, "NonCompliantSummary", OPTIONAL, non_compliant_view_shape),
};
static const struct shape type_shape = SHAPE("ComplianceSummaryItem", struct type_view, type_fields);

static const struct field summaries_out_fields[] = {
    LIST(struct resources_out,   items,      "ComplianceSummaryItems", OPTIONAL, type_shape),
    STRING(struct resources_out, next_token, "NextToken",              OPTIONAL),
};
/* clang-format on */
static const struct shape summaries_out_shape =
    SHAPE("ListComplianceSummariesResult", struct resources_out, summaries_out_fields);

/* The tallies of one type, from *at on, added up: how many resources stand how. */
static struct type_view sum_type(struct op *op, const struct list *filters,
                                 const struct compliance_tally *rows, size_t count, size_t *at)
{
    struct severity_counts good = { 0 }, bad = { 0 };
    struct type_view v = { .type = rows[*at].type };

    for (; *at < count && str_eq(rows[*at].type, v.type); (*at)++) {
        const struct compliance_tally *t = &rows[*at];
        const struct compliance c = { .type = t->type,
                                      .status = t->status,
                                      .severity = t->severity };
        enum compliance_level level = COMPLIANCE_UNSPECIFIED;
        if (!row_passes(filters, &c))
            continue;
        (void)compliance_level_parse(t->severity, &level);
        struct severity_counts *counts = str_eq(t->status, S("COMPLIANT")) ? &good : &bad;
        counts->all += t->n;
        counts->by_level[level] += t->n;
    }
    if (good.all + bad.all > 0) {
        v.compliant = summary_view_of(op, &good);
        v.non_compliant = summary_view_of(op, &bad);
    }
    return v;
}

static int check_type_filters(struct op *op, const struct list *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct compliance_filter *f = LIST_ITEM(struct compliance_filter, *filters, i);
        if (!str_eq(f->key, S("ComplianceType")) && !str_eq(f->key, S("Status")) &&
            !str_eq(f->key, S("OverallSeverity")))
            return op_fail(op, SSM_INVALID_FILTER, "The filter key %.*s is not supported.",
                           STR(f->key));
    }
    return 0;
}

static int list_summaries(struct op *op, const struct resources_in *in, struct resources_out *out)
{
    struct type_view *items = arena_array(op->arena, struct type_view, in->max_results);
    struct compliance_tally *rows;
    struct str after;
    size_t count, at = 0;

    PASS(check_type_filters(op, &in->filters));
    PASS(open_token(op, in->next_token, &after));
    TRY(compliance_tallies(op, &rows, &count));
    while (at < count && str_is_set(after) && str_cmp(rows[at].type, after) <= 0)
        at++;
    out->items.items = items;
    while (at < count) {
        struct str before = after;
        struct type_view v = sum_type(op, &in->filters, rows, count, &at);
        after = v.type;
        if (!v.compliant)
            continue;
        if (out->items.count == (size_t)in->max_results) {
            out->next_token = page_token(op, before);
            return 0;
        }
        items[out->items.count++] = v;
    }
    return 0;
}
OP_HANDLER(list_summaries)

/* clang-format off */
const struct operation compliance_operations[] = {
    OP("ListComplianceItems", list_items, items_in_shape, items_out_shape, OP_READS,
       RAISES(SSM_INVALID_RESOURCE_TYPE, SSM_INVALID_NEXT_TOKEN)),
    OP("ListResourceComplianceSummaries", list_resources, resources_in_shape, resources_out_shape,
       OP_READS, RAISES(SSM_INVALID_FILTER, SSM_INVALID_NEXT_TOKEN)),
    OP("ListComplianceSummaries", list_summaries, summaries_in_shape, summaries_out_shape,
       OP_READS, RAISES(SSM_INVALID_FILTER, SSM_INVALID_NEXT_TOKEN)),
    OP_END,
};
/* clang-format on */
