/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ListDocuments. An account has at most DOCUMENTS_MAX of them, so all default
 * versions are read (without content) and filtered here.
 */
#include "svc/ssm/checks.h"
#include "svc/ssm/document/document_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

struct old_filter {
    struct str key, value;
};

struct list_in {
    struct list old_filters, filters;
    int64_t max_results;
    struct str next_token;
};

struct list_out {
    struct list documents;
    struct str next_token;
};

static const char *const old_keys[] = { "Name", "Owner", "PlatformTypes", "DocumentType", NULL };

/* clang-format off */
static const struct field old_filter_fields[] = {
    STRING(struct old_filter, key,   "key",   REQUIRED, .values = old_keys),
    STRING(struct old_filter, value, "value", REQUIRED, .min = 1),
};
static const struct shape old_filter_shape =
    SHAPE("DocumentFilter", struct old_filter, old_filter_fields);

static const struct field filter_fields[] = {
    STRING(struct name_values,  key,    "Key",    OPTIONAL, LENGTH(1, 128)),
    STRINGS(struct name_values, values, "Values", OPTIONAL, .item_min = 1, .item_max = 256),
};
static const struct shape filter_shape =
    SHAPE("DocumentKeyValuesFilter", struct name_values, filter_fields);

static const struct field list_in_fields[] = {
    LIST(struct list_in,    old_filters, "DocumentFilterList", OPTIONAL, old_filter_shape,
         .min = 1),
    LIST(struct list_in,    filters,     "Filters",            OPTIONAL, filter_shape, .max = 6),
    INTEGER(struct list_in, max_results, "MaxResults",         OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(struct list_in,  next_token,  "NextToken",          OPTIONAL),
};
static const struct shape list_in_shape =
    SHAPE("ListDocumentsRequest", struct list_in, list_in_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   documents,  "DocumentIdentifiers", OPTIONAL, document_identifier_shape),
    STRING(struct list_out, next_token, "NextToken",           OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListDocumentsResult", struct list_out, list_out_fields);
/* clang-format on */

/* --- filters -------------------------------------------------------------- */

static bool has_owner(const struct document *d, struct str owner)
{
    bool is_amazon = str_eq(d->owner, S("Amazon"));

    if (str_ieq(owner, S("All")))
        return true;
    if (str_ieq(owner, S("Amazon")) || str_ieq(owner, S("Public")))
        return is_amazon;
    if (str_ieq(owner, S("Self")) || str_ieq(owner, S("Private")))
        return !is_amazon;
    return str_eq(d->owner, owner);
}

static bool has_platform(const struct document *d, struct str platform)
{
    struct str rest = d->platforms, piece;

    while (str_next(&rest, ',', &piece))
        if (str_ieq(piece, platform))
            return true;
    return false;
}

static bool matches_value(const struct document *d, struct str key, struct str value)
{
    if (str_eq(key, S("Name"))) /* AWS: those whose names begin so */
        return str_starts(d->name, value);
    if (str_eq(key, S("Owner")))
        return has_owner(d, value);
    if (str_eq(key, S("DocumentType")))
        return str_eq(d->type, value);
    if (str_eq(key, S("TargetType")))
        return str_eq(d->target_type, value);
    if (str_eq(key, S("SearchKeyword")))
        return str_contains(d->name, value) || str_contains(d->description, value);
    return has_platform(d, value);
}

static int matches_tag(struct op *op, const struct document *d, const struct name_values *f,
                       bool *ret)
{
    struct str name = str_from(f->key, strlen("tag:"));
    struct tag *tags;
    size_t count;

    *ret = false;
    TRY(tags_of(op->db, op->arena, document_arn(op, d->name), &tags, &count));
    for (size_t i = 0; i < count; i++)
        if (str_eq(tags[i].key, name) && strs_have(f->values, tags[i].value))
            *ret = true;
    return 0;
}

static int matches(struct op *op, const struct document *d, const struct name_values *f, bool *ret)
{
    if (str_starts(f->key, S("tag:")))
        return matches_tag(op, d, f, ret);
    *ret = false;
    for (size_t i = 0; i < f->values.count; i++)
        *ret = *ret || matches_value(d, f->key, f->values.items[i]);
    return 0;
}

static int check_filter(struct op *op, const struct name_values *f)
{
    static const char *const keys[] = { "Name",         "Owner",      "PlatformTypes",
                                        "DocumentType", "TargetType", "SearchKeyword" };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_eq(f->key, str_of(keys[i])))
            return 0;
    if (str_starts(f->key, S("tag:")))
        return 0;
    return op_fail(op, SSM_INVALID_FILTER_KEY, "The filter key %.*s is not supported.",
                   STR(f->key));
}

/* Both kinds of filters as one list. */
static int gather(struct op *op, const struct list_in *in, struct list *ret)
{
    size_t count = in->old_filters.count + in->filters.count, n = 0;
    struct name_values *items = arena_array(op->arena, struct name_values, count);

    for (size_t i = 0; i < in->old_filters.count; i++) {
        struct old_filter *old = LIST_ITEM(struct old_filter, in->old_filters, i);
        items[n++] = (struct name_values){ old->key, { &old->value, 1 } };
    }
    for (size_t i = 0; i < in->filters.count; i++)
        items[n++] = *LIST_ITEM(struct name_values, in->filters, i);
    for (size_t i = 0; i < count; i++)
        PASS(check_filter(op, &items[i]));
    *ret = (struct list){ items, count };
    return 0;
}

/* --- the list ------------------------------------------------------------- */

/* Own and built-in ones, merged by name: nobody may call theirs AWS-... */
static int load_all(struct op *op, struct document **ret, size_t *ret_count)
{
    struct document *own;
    size_t n_own, n = 0, k = 0;
    struct strs names = document_builtin_names(op->arena);

    TRY(document_list(op, &own, &n_own));
    struct document *all = arena_array(op->arena, struct document, n_own + names.count);
    for (size_t i = 0; i < n_own || k < names.count;) {
        bool is_own = k == names.count || (i < n_own && str_cmp(own[i].name, names.items[k]) < 0);
        all[n++] = is_own ? own[i++] : *document_builtin(op, names.items[k++]);
    }
    *ret = all;
    *ret_count = n;
    return 0;
}

static int passes(struct op *op, const struct document *d, const struct list *filters, bool *ret)
{
    *ret = true;
    for (size_t i = 0; *ret && i < filters->count; i++)
        TRY(matches(op, d, LIST_ITEM(struct name_values, *filters, i), ret));
    return 0;
}

static int list_documents(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct document *all = NULL;
    size_t count = 0;
    struct list filters = { 0 };
    struct str after;
    struct document_identifier *items =
        arena_array(op->arena, struct document_identifier, in->max_results);

    if (page_open(op, in->next_token, &after) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    PASS(gather(op, in, &filters));
    TRY(load_all(op, &all, &count));
    out->documents.items = items;
    for (size_t i = 0; i < count; i++) {
        bool is_in = false;
        if (!str_is_set(after) || str_cmp(all[i].name, after) > 0)
            TRY(passes(op, &all[i], &filters, &is_in));
        if (!is_in)
            continue;
        if (out->documents.count == (size_t)in->max_results) {
            out->next_token = page_token(op, items[out->documents.count - 1].name);
            return 0;
        }
        TRY(document_identify(op, &all[i], &items[out->documents.count++]));
    }
    return 0;
}
OP_HANDLER(list_documents)

/* clang-format off */
const struct operation document_list_operations[] = {
    OP("ListDocuments", list_documents, list_in_shape, list_out_shape, OP_READS,
       RAISES(SSM_INVALID_NEXT_TOKEN, SSM_INVALID_FILTER_KEY)),
    OP_END,
};
/* clang-format on */
