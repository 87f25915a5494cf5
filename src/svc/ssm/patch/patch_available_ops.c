/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DescribeAvailablePatches: the offers. DescribeEffectivePatchesForPatchBaseline: what
 * baseline_approves() says of each, so what a host would be told.
 */
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_facts.h"
#include "svc/ssm/patch/patch_view.h"

#define PAGE_MAX  100
#define READ_SIZE 200
#define LOOK_MAX  5000 /* offers looked at for a page, so it may be short, or empty */

struct patch_status {
    struct str deployment, level;
    msec approved_at;
};

struct effective_view {
    struct offer_view *patch;
    struct patch_status *status;
};

struct available_in {
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

struct effective_in {
    struct str baseline;
    int64_t max_results;
    struct str next_token;
};

struct patches_out {
    struct list patches; /* offer_view, effective_view */
    struct str next_token;
};

/* clang-format off */
static const struct field filter_fields[] = {
    STRING(struct name_values,  key,    "Key",    OPTIONAL, LENGTH(1, 128)),
    STRINGS(struct name_values, values, "Values", OPTIONAL, .item_min = 1, .item_max = 256),
};
static const struct shape filter_shape =
    SHAPE("PatchOrchestratorFilter", struct name_values, filter_fields);

static const struct field available_in_fields[] = {
    LIST(struct available_in,    filters,     "Filters",    OPTIONAL, filter_shape, .min = 0, .max = 5),
    INTEGER(struct available_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct available_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape available_in_shape =
    SHAPE("DescribeAvailablePatchesRequest", struct available_in, available_in_fields);

static const struct field available_out_fields[] = {
    LIST(struct patches_out,   patches,    "Patches",   OPTIONAL, offer_view_shape),
    STRING(struct patches_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape available_out_shape =
    SHAPE("DescribeAvailablePatchesResult", struct patches_out, available_out_fields);

static const struct field effective_in_fields[] = {
    STRING(struct effective_in,  baseline,    "BaselineId", REQUIRED, CHECK_BASELINE_ID),
    INTEGER(struct effective_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct effective_in,  next_token,  "NextToken",  OPTIONAL),
};
static const struct shape effective_in_shape =
    SHAPE("DescribeEffectivePatchesForPatchBaselineRequest", struct effective_in, effective_in_fields);

static const struct field status_fields[] = {
    STRING(struct patch_status,    deployment,  "DeploymentStatus", OPTIONAL),
    STRING(struct patch_status,    level,       "ComplianceLevel",  OPTIONAL),
    TIMESTAMP(struct patch_status, approved_at, "ApprovalDate",     OPTIONAL),
};
static const struct shape status_shape = SHAPE("PatchStatus", struct patch_status, status_fields);

static const struct field effective_fields[] = {
    STRUCT(struct effective_view, patch,  "Patch",       OPTIONAL, offer_view_shape),
    STRUCT(struct effective_view, status, "PatchStatus", OPTIONAL, status_shape),
};
static const struct shape effective_shape =
    SHAPE("EffectivePatch", struct effective_view, effective_fields);

static const struct field effective_out_fields[] = {
    LIST(struct patches_out,   patches,    "EffectivePatches", OPTIONAL, effective_shape),
    STRING(struct patches_out, next_token, "NextToken",        OPTIONAL),
};
static const struct shape effective_out_shape =
    SHAPE("DescribeEffectivePatchesForPatchBaselineResult", struct patches_out, effective_out_fields);
/* clang-format on */

/* --- pages over the offers -------------------------------------------------- */

struct walk {
    struct str os, product; /* absent: all */
    struct patch_offer_place at;
    size_t max, looked, found;
    /* Takes what is to be shown as the next of the page; *ret says whether it did. */
    int (*take)(struct op *op, void *context, const struct patch_offer *offer, bool *ret);
    void *context;
};

static struct patch_offer_place place_of(const struct patch_offer *o)
{
    return (struct patch_offer_place){ o->os, o->product, o->name, o->arch, o->id };
}

/* None of the five has a line feed: names of packages and products are words. */
static struct str place_token(struct op *op, const struct patch_offer_place *p)
{
    return page_token(op, arena_fmt(op->arena, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s", STR(p->os),
                                    STR(p->product), STR(p->name), STR(p->arch), STR(p->id)));
}

static int open_place(struct op *op, struct str token, struct patch_offer_place *ret)
{
    struct str position;

    *ret = (struct patch_offer_place){ S(""), S(""), S(""), S(""), S("") };
    PASS(page_open(op, token, &position));
    if (!str_is_set(position))
        return 0;
    struct strs parts = arena_split(op->arena, position, '\n');
    if (parts.count != 5)
        return op_invalid(op, "The specified token is not valid.");
    *ret = (struct patch_offer_place){ parts.items[0], parts.items[1], parts.items[2],
                                       parts.items[3], parts.items[4] };
    return 0;
}

/* A page, and the token of the next one where there may be more. */
static int walk_offers(struct op *op, struct walk *w, struct str *ret_token)
{
    struct patch_offer *offers;
    size_t count = READ_SIZE;

    while (count == READ_SIZE) {
        if (w->looked >= LOOK_MAX) {
            *ret_token = place_token(op, &w->at);
            return 0;
        }
        TRY(patch_offer_list(op, w->os, w->product, &w->at, READ_SIZE, &offers, &count));
        for (size_t i = 0; i < count; i++) {
            bool taken;

            if (w->found == w->max) {
                *ret_token = place_token(op, &w->at);
                return 0;
            }
            TRY(w->take(op, w->context, &offers[i], &taken));
            w->found += taken;
            w->at = place_of(&offers[i]);
        }
        w->looked += count;
    }
    return 0;
}

/* --- DescribeAvailablePatches ----------------------------------------------- */

struct available {
    const struct available_in *in;
    struct offer_view *items;
    size_t count;
};

/* The keys that AWS has for Linux. A list has several values, any of which will do. */
static bool values_of(struct op *op, const struct offer_view *v, struct str key, struct strs *ret)
{
    const struct {
        struct str key, value;
        struct strs list;
    } keys[] = {
        { S("PRODUCT"), v->product, { 0 } },
        { S("NAME"), v->name, { 0 } },
        { S("SEVERITY"), v->severity, { 0 } },
        { S("EPOCH"), arena_fmt(op->arena, "%lld", (long long)v->epoch), { 0 } },
        { S("VERSION"), v->version, { 0 } },
        { S("RELEASE"), v->release, { 0 } },
        { S("ARCH"), v->arch, { 0 } },
        { S("REPOSITORY"), v->repository, { 0 } },
        { S("ADVISORY_ID"), { 0 }, v->advisories },
        { S("CVE_ID"), { 0 }, v->cves },
        { S("BUGZILLA_ID"), { 0 }, v->bugs },
    };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (!str_eq(keys[i].key, key))
            continue;
        *ret = keys[i].list;
        if (str_is_set(keys[i].value))
            *ret = (struct strs){ arena_copy(op->arena, &keys[i].value, sizeof(struct str)), 1 };
        return true;
    }
    return false;
}

static bool passes(struct op *op, const struct list *filters, const struct offer_view *v)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, *filters, i);
        struct strs has = { 0 };
        bool any = false;

        if (!values_of(op, v, f->key, &has))
            return false;
        for (size_t n = 0; n < has.count && !any; n++)
            any = strs_have(f->values, has.items[n]);
        if (!any)
            return false;
    }
    return true;
}

static int take_available(struct op *op, void *context, const struct patch_offer *offer, bool *ret)
{
    struct available *a = context;
    struct patch_facts f;

    TRY(patch_offer_facts(op, offer, &f));
    patch_offer_view(op, offer, &f, &a->items[a->count]);
    *ret = passes(op, &a->in->filters, &a->items[a->count]);
    a->count += *ret;
    return 0;
}

/* "When specifying filters for Linux patches, you must specify a key-pair for PRODUCT." */
static int check_filters(struct op *op, const struct list *filters, struct str *ret_product)
{
    const struct offer_view none = { 0 };
    struct strs ignored;
    bool has_product = filters->count == 0;

    *ret_product = (struct str){ 0 };
    for (size_t i = 0; i < filters->count; i++) {
        const struct name_values *f = LIST_ITEM(struct name_values, *filters, i);

        if (!values_of(op, &none, f->key, &ignored))
            return op_invalid(op, "The filter key %.*s is not supported for Linux.", STR(f->key));
        if (!str_eq(f->key, S("PRODUCT")))
            continue;
        has_product = true;
        if (f->values.count == 1)
            *ret_product = f->values.items[0];
    }
    return has_product ? 0 : op_invalid(op, "A filter for PRODUCT is required for Linux patches.");
}

static int describe_available(struct op *op, const struct available_in *in, struct patches_out *out)
{
    struct available a = { .in = in };
    struct walk w = { .max = (size_t)in->max_results, .take = take_available, .context = &a };

    PASS(check_filters(op, &in->filters, &w.product));
    PASS(open_place(op, in->next_token, &w.at));
    a.items = arena_array(op->arena, struct offer_view, in->max_results + 1);
    TRY(walk_offers(op, &w, &out->next_token));
    out->patches = (struct list){ a.items, a.count };
    return 0;
}
OP_HANDLER(describe_available)

/* --- DescribeEffectivePatchesForPatchBaseline -------------------------------- */

struct effective {
    struct baseline baseline;
    struct effective_view *items;
    size_t count;
};

/* Of the rules that say what came out, the one that gives the highest level, or the earliest
 * date: the date on which the patch was or will be approved. 0: none has one. */
static msec date_of(struct op *op, const struct baseline *b, const struct patch_facts *f,
                    const struct baseline_approval *r)
{
    msec date = 0;

    if (r->verdict == BASELINE_APPROVED)
        return r->rule < 0 ? 0
                           : baseline_rule_says(b, &b->rules[r->rule], f, &f->candidate, op->now)
                                 .approved_at;
    for (size_t i = 0; i < b->n_rules; i++) {
        struct baseline_opinion o = baseline_rule_says(b, &b->rules[i], f, &f->candidate, op->now);

        if (o.verdict == BASELINE_WAITS && o.approved_at && (!date || o.approved_at < date))
            date = o.approved_at;
    }
    return date;
}

/* False: the baseline has nothing to do with it. A rule whose last day is past will not
 * approve it any more, so it is not pending. */
static bool status_of(struct op *op, const struct baseline *b, const struct patch_facts *f,
                      struct patch_status *ret)
{
    struct baseline_approval r = baseline_approves(b, f, &f->candidate, op->now);
    msec date = 0;

    *ret = (struct patch_status){ .level = S("UNSPECIFIED"), .approved_at = UNSET };
    switch (r.verdict) {
    case BASELINE_NOT_FILTERED:
    case BASELINE_NO_RULE:
    case BASELINE_NOT_SECURITY:
        return false;
    case BASELINE_WAITS:
        date = date_of(op, b, f, &r);
        if (!date)
            return false;
        ret->deployment = S("PENDING_APPROVAL");
        ret->level = str_of(compliance_level_name(b->rules[r.rule].level));
        break;
    case BASELINE_REJECTED:
        ret->deployment = S("EXPLICIT_REJECTED");
        break;
    case BASELINE_APPROVED:
        date = date_of(op, b, f, &r);
        ret->deployment = r.by_list ? S("EXPLICIT_APPROVED") : S("APPROVED");
        ret->level = str_of(compliance_level_name(r.level));
        break;
    }
    if (date)
        ret->approved_at = date;
    return true;
}

static int take_effective(struct op *op, void *context, const struct patch_offer *offer, bool *ret)
{
    struct effective *e = context;
    struct patch_status status;
    struct patch_facts f;

    TRY(patch_offer_facts(op, offer, &f));
    *ret = status_of(op, &e->baseline, &f, &status);
    if (!*ret)
        return 0;
    struct effective_view *v = &e->items[e->count++];
    v->patch = arena_new(op->arena, struct offer_view);
    patch_offer_view(op, offer, &f, v->patch);
    v->status = arena_copy(op->arena, &status, sizeof(status));
    return 0;
}

static bool is_baseline_id(struct str id)
{
    return str_starts(id, S("pb-")) || str_starts(id, S("arn:"));
}

static int describe_effective(struct op *op, const struct effective_in *in, struct patches_out *out)
{
    struct effective e = { .count = 0 };
    struct walk w = { .max = (size_t)in->max_results, .take = take_effective, .context = &e };

    if (!is_baseline_id(in->baseline))
        return op_fail(op, SSM_INVALID_RESOURCE_ID, "%.*s is not the ID of a patch baseline.",
                       STR(in->baseline));
    PASS(patch_baseline_find(op, in->baseline, &e.baseline));
    const struct patch_os_info *os = patch_os_info(e.baseline.os);
    if (os->family == PATCH_FAMILY_NONE)
        return op_fail(op, SSM_UNSUPPORTED_OPERATING_SYSTEM,
                       "The operating system %s is not supported.", os->name);
    PASS(open_place(op, in->next_token, &w.at));
    w.os = str_of(os->name);
    e.items = arena_array(op->arena, struct effective_view, in->max_results);
    TRY(walk_offers(op, &w, &out->next_token));
    out->patches = (struct list){ e.items, e.count };
    return 0;
}
OP_HANDLER(describe_effective)

static struct str baseline_resource(struct op *op, const void *in)
{
    struct str id = ((const struct effective_in *)in)->baseline;
    return str_starts(id, S("arn:")) ? id : patch_baseline_arn(op, id);
}

/* clang-format off */
const struct operation patch_available_operations[] = {
    OP("DescribeAvailablePatches", describe_available, available_in_shape, available_out_shape,
       OP_READS, RAISES_NOTHING),
    OP("DescribeEffectivePatchesForPatchBaseline", describe_effective, effective_in_shape,
       effective_out_shape, OP_READS,
       RAISES(SSM_DOES_NOT_EXIST, SSM_INVALID_RESOURCE_ID, SSM_UNSUPPORTED_OPERATING_SYSTEM),
       .resource = baseline_resource),
    OP_END,
};
/* clang-format on */
