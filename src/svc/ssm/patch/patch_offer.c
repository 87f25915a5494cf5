/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "svc/ssm/patch/patch_facts.h"

static int by_id(const void *left, const void *right)
{
    const struct patch_offer *a = left, *b = right;

    return str_cmp(a->id, b->id);
}

/* What is installed and in no repository any more is offered to nobody. */
static bool is_offered(const struct patch_facts *f)
{
    return !str_is_empty(f->candidate.version) &&
           (f->has_update || !str_is_empty(f->candidate.origin));
}

static struct patch_offer offer_of(struct op *op, const struct facts_doc *facts,
                                   const struct patch_facts *f)
{
    struct arena *a = op->arena;
    struct patch_offer o = {
        .os = str_of(patch_os_info(facts->os)->name),
        .product = facts->product,
        .name = f->name,
        .arch = f->arch,
        .version = json_format(a, facts_format_version(a, &f->candidate)),
    };

    o.id = str_slice(
        sha256_hex(a, arena_fmt(a, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s", STR(o.os), STR(o.product),
                                STR(o.name), STR(o.arch), STR(o.version))),
        0, 32);
    return o;
}

struct patch_offer *patch_offers_of(struct op *op, const struct facts_doc *facts, size_t *ret_count)
{
    struct patch_offer *offers = arena_array(op->arena, struct patch_offer, facts->count + 1);
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < facts->count; i++)
        if (is_offered(&facts->packages[i]))
            offers[count++] = offer_of(op, facts, &facts->packages[i]);
    if (count > 1)
        qsort(offers, count, sizeof(*offers), by_id);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !str_eq(offers[kept - 1].id, offers[i].id))
            offers[kept++] = offers[i];
    *ret_count = kept;
    return offers;
}

int patch_offer_facts(struct op *op, const struct patch_offer *offer, struct patch_facts *ret)
{
    struct value *version;

    *ret = (struct patch_facts){
        .name = offer->name,
        .arch = offer->arch,
        .product = offer->product,
    };
    TRY(json_parse(op->arena, offer->version, &version, NULL));
    TRY(facts_parse_version(op->arena, version, &ret->candidate, NULL));
    return 0;
}

/* --- as the API shows it --------------------------------------------------- */

/* clang-format off */
#define P struct offer_view
static const struct field fields[] = {
    STRING(P,    id,             "Id",             OPTIONAL),
    TIMESTAMP(P, released_at,    "ReleaseDate",    OPTIONAL),
    STRING(P,    title,          "Title",          OPTIONAL),
    STRING(P,    product_family, "ProductFamily",  OPTIONAL),
    STRING(P,    product,        "Product",        OPTIONAL),
    STRING(P,    classification, "Classification", OPTIONAL),
    STRINGS(P,   advisories,     "AdvisoryIds",    OPTIONAL),
    STRINGS(P,   bugs,           "BugzillaIds",    OPTIONAL),
    STRINGS(P,   cves,           "CVEIds",         OPTIONAL),
    STRING(P,    name,           "Name",           OPTIONAL),
    INTEGER(P,   epoch,          "Epoch",          OPTIONAL),
    STRING(P,    version,        "Version",        OPTIONAL),
    STRING(P,    release,        "Release",        OPTIONAL),
    STRING(P,    arch,           "Arch",           OPTIONAL),
    STRING(P,    severity,       "Severity",       OPTIONAL),
    STRING(P,    repository,     "Repository",     OPTIONAL),
};
#undef P
/* clang-format on */
const struct shape offer_view_shape = SHAPE("Patch", struct offer_view, fields);

/* [epoch:]version[-release], in both families; what is not told is 0 and "". */
static void split_version(struct str text, struct offer_view *v)
{
    struct str epoch, rest;
    ptrdiff_t dash;

    v->epoch = 0;
    if (str_cut(text, ':', &epoch, &rest) && str_is_digits(epoch) && str_to_int(epoch, &v->epoch))
        text = rest;
    dash = str_rfind(text, '-');
    v->version = dash < 0 ? text : str_slice(text, 0, (size_t)dash);
    v->release = dash < 0 ? S("") : str_from(text, (size_t)dash + 1);
}

static struct strs ids_of(struct arena *a, struct patch_notices notices)
{
    struct strs ids = { arena_array(a, struct str, notices.count + 1), 0 };

    for (size_t i = 0; i < notices.count; i++)
        if (!strs_have(ids, notices.items[i].id))
            ids.items[ids.count++] = notices.items[i].id;
    return ids;
}

void patch_offer_view(struct op *op, const struct patch_offer *offer, const struct patch_facts *f,
                      struct offer_view *ret)
{
    const struct patch_version *v = &f->candidate;
    const char *family = patch_os_info(patch_os_parse(offer->os))->product;

    *ret = (struct offer_view){
        .id = offer->id,
        .title =
            arena_fmt(op->arena, "%.*s.%.*s:%.*s", STR(f->name), STR(f->arch), STR(v->version)),
        .product_family = str_of(family),
        .product = f->product,
        .classification =
            str_is_empty(v->classification) && v->security ? S("Security") : v->classification,
        .name = f->name,
        .arch = f->arch,
        .severity = v->severity,
        .repository = v->origin,
        .advisories = ids_of(op->arena, v->notices),
        .bugs = v->bugs,
        .cves = v->cves,
        .released_at = v->released_at ? v->released_at : UNSET,
    };
    split_version(v->version, ret);
}
