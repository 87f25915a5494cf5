/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_view.h"

#include "base/time.h"
#include "engine/patch_source.h"
#include "svc/ssm/checks.h"

const char *const compliance_level_values[] = { "CRITICAL",      "HIGH",        "MEDIUM", "LOW",
                                                "INFORMATIONAL", "UNSPECIFIED", NULL };
const char *const rejected_action_values[] = { "ALLOW_AS_DEPENDENCY", "BLOCK", NULL };

static bool check_source_name(struct str s)
{
    return s.len >= 3 && s.len <= 50 && str_is_word(s, "_-.");
}

/* clang-format off */
static const struct field filter_fields[] = {
    STRING(struct filter_view,  key,    "Key",    REQUIRED),
    STRINGS(struct filter_view, values, "Values", REQUIRED, .min = 1, .max = 20, .item_min = 1, .item_max = 64),
};
static const struct shape filter_shape = SHAPE("PatchFilter", struct filter_view, filter_fields);

static const struct field filters_fields[] = {
    LIST(struct filters_view, items, "PatchFilters", REQUIRED, filter_shape, .min = 0, .max = 4),
};
const struct shape filters_view_shape = SHAPE("PatchFilterGroup", struct filters_view, filters_fields);

static const struct field rule_fields[] = {
    STRUCT(struct rule_view,  group,        "PatchFilterGroup",  REQUIRED, filters_view_shape),
    STRING(struct rule_view,  level,        "ComplianceLevel",   OPTIONAL, .values = compliance_level_values),
    INTEGER(struct rule_view, after_days,   "ApproveAfterDays",  OPTIONAL, .min = 0, .max = 360),
    STRING(struct rule_view,  until,        "ApproveUntilDate",  OPTIONAL, LENGTH(1, 10)),
    BOOLEAN(struct rule_view, non_security, "EnableNonSecurity", OPTIONAL),
};
static const struct shape rule_shape = SHAPE("PatchRule", struct rule_view, rule_fields);

static const struct field rules_fields[] = {
    LIST(struct rules_view, items, "PatchRules", REQUIRED, rule_shape, .min = 0, .max = 10),
};
const struct shape rules_view_shape = SHAPE("PatchRuleGroup", struct rules_view, rules_fields);

static const struct field source_fields[] = {
    STRING(struct source_view,  name,          "Name",          REQUIRED, .matches = check_source_name, .pattern = "^[a-zA-Z0-9_\\-.]{3,50}$"),
    STRINGS(struct source_view, products,      "Products",      REQUIRED, .min = 1, .max = 20, .item_min = 1, .item_max = 128),
    STRING(struct source_view,  configuration, "Configuration", REQUIRED, LENGTH(1, 1024)),
};
const struct shape source_view_shape = SHAPE("PatchSource", struct source_view, source_fields);

static const struct field override_fields[] = {
    STRING(struct override_view, v.os, "OperatingSystem", OPTIONAL),
    BASELINE_RULES(struct override_view, v),
};
const struct shape override_shape = SHAPE("BaselineOverride", struct override_view, override_fields);

static const struct field identity_fields[] = {
    STRING(struct baseline_identity,  id,          "BaselineId",          OPTIONAL),
    STRING(struct baseline_identity,  name,        "BaselineName",        OPTIONAL),
    STRING(struct baseline_identity,  os,          "OperatingSystem",     OPTIONAL),
    STRING(struct baseline_identity,  description, "BaselineDescription", OPTIONAL),
    BOOLEAN(struct baseline_identity, is_default,  "DefaultBaseline",     OPTIONAL),
};
const struct shape baseline_identity_shape =
    SHAPE("PatchBaselineIdentity", struct baseline_identity, identity_fields);

static const struct field orchestrator_fields[] = {
    STRING(struct name_values,  key,    "Key",    OPTIONAL, LENGTH(1, 128)),
    STRINGS(struct name_values, values, "Values", OPTIONAL, .item_min = 1, .item_max = 256),
};
const struct shape patch_filter_shape =
    SHAPE("PatchOrchestratorFilter", struct name_values, orchestrator_fields);
/* clang-format on */

bool check_baseline_id(struct str s)
{
    return s.len >= 20 && s.len <= 128 && str_is_word(s, "_-:/");
}

bool check_baseline_name(struct str s)
{
    return s.len >= 3 && s.len <= 128 && str_is_word(s, "_-.");
}

/* Letters, digits and spaces of any script: what is not ASCII is taken as such. */
bool check_patch_group(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.p[i] < 0x80 && !str_is_word(str_slice(s, i, 1), "_.:/=+-@ "))
            return false;
    return true;
}

/* --- showing -------------------------------------------------------------- */

static struct filters_view *show_filters(struct op *op, const struct baseline_filters *f)
{
    struct filters_view *v = arena_new(op->arena, struct filters_view);
    struct filter_view *items = arena_array(op->arena, struct filter_view, f->count);

    for (size_t i = 0; i < f->count; i++)
        items[i] =
            (struct filter_view){ str_of(patch_key_name(f->items[i].key)), f->items[i].values };
    v->items = (struct list){ items, f->count };
    return v;
}

static struct rules_view *show_rules(struct op *op, const struct baseline *b)
{
    struct rules_view *v = arena_new(op->arena, struct rules_view);
    struct rule_view *items = arena_array(op->arena, struct rule_view, b->n_rules);

    for (size_t i = 0; i < b->n_rules; i++) {
        const struct baseline_rule *r = &b->rules[i];
        items[i] = (struct rule_view){
            .group = show_filters(op, &r->filters),
            .level = str_of(compliance_level_name(r->level)),
            .after_days = r->has_after_days ? r->approve_after_days : UNSET,
            .non_security = r->enable_non_security,
        };
        if (r->has_until)
            items[i].until = str_slice(time_iso(op->arena, r->approve_until), 0, 10);
    }
    v->items = (struct list){ items, b->n_rules };
    return v;
}

static struct list show_sources(struct op *op, const struct baseline *b)
{
    struct source_view *items = arena_array(op->arena, struct source_view, b->n_sources);

    for (size_t i = 0; i < b->n_sources; i++)
        items[i] = (struct source_view){
            .name = b->sources[i].name,
            .products = b->sources[i].products,
            .configuration = b->sources[i].configuration,
        };
    return (struct list){ items, b->n_sources };
}

void patch_view_of(struct op *op, const struct baseline *b, struct baseline_view *ret)
{
    *ret = (struct baseline_view){
        .id = patch_baseline_shown_id(op, b),
        .name = b->name,
        .os = str_of(patch_os_info(b->os)->name),
        .global = show_filters(op, &b->global),
        .rules = show_rules(op, b),
        .approved = b->approved,
        .approved_level = str_of(compliance_level_name(b->approved_level)),
        .approved_non_security = b->approved_non_security ? TRISTATE_TRUE : TRISTATE_FALSE,
        .rejected = b->rejected,
        .rejected_action =
            str_of(rejected_action_values[b->rejected_action == REJECTED_BLOCK ? 1 : 0]),
        .sources = show_sources(op, b),
        .description = str_is_empty(b->description) ? (struct str){ 0 } : b->description,
        .created_at = b->created_at,
        .modified_at = b->modified_at,
    };
}

int patch_identity_of(struct op *op, const struct baseline *b, struct baseline_identity *ret)
{
    struct baseline chosen;

    PASS(patch_baseline_default(op, b->os, &chosen));
    *ret = (struct baseline_identity){
        .id = patch_baseline_shown_id(op, b),
        .name = b->name,
        .os = str_of(patch_os_info(b->os)->name),
        .description = str_is_empty(b->description) ? (struct str){ 0 } : b->description,
        .is_default = str_eq(chosen.id, b->id),
    };
    return 0;
}

/* --- taking over ---------------------------------------------------------- */

static int take_filters(struct op *op, enum patch_os os, const struct filters_view *v,
                        struct baseline_filters *ret)
{
    struct baseline_filter *items = arena_array(op->arena, struct baseline_filter, v->items.count);

    for (size_t i = 0; i < v->items.count; i++) {
        const struct filter_view *f = LIST_ITEM(struct filter_view, v->items, i);
        if (!patch_key_parse(os, f->key, &items[i].key))
            return op_invalid(op, "The filter key %.*s is not supported for %s.",
                              STR(str_slice(f->key, 0, 64)), patch_os_info(os)->name);
        items[i].values = f->values;
    }
    *ret = (struct baseline_filters){ items, v->items.count };
    return 0;
}

/* The apt family has no dates to go by, so a rule may do without; AWS lets it have one. */
static int take_dates(struct op *op, enum patch_os os, const struct rule_view *v,
                      struct baseline_rule *ret)
{
    bool has_days = v->after_days != UNSET, has_until = str_is_set(v->until);
    msec t;

    if (has_days && has_until)
        return op_invalid(op, "ApproveAfterDays and ApproveUntilDate exclude each other.");
    if (!has_days && !has_until && patch_os_info(os)->family != PATCH_FAMILY_APT)
        return op_invalid(op, "A rule needs ApproveAfterDays or ApproveUntilDate.");
    if (has_until && (v->until.len != 10 || !time_parse_iso(v->until, &t)))
        return op_invalid(op, "ApproveUntilDate %.*s is not of the form YYYY-MM-DD.",
                          STR(v->until));
    ret->has_after_days = has_days;
    ret->approve_after_days = has_days ? (int)v->after_days : 0;
    ret->has_until = has_until;
    ret->approve_until = has_until ? t + MSEC_DAY - 1 : 0;
    return 0;
}

static int take_rules(struct op *op, const struct rules_view *v, struct baseline *b)
{
    struct baseline_rule *rules = arena_array(op->arena, struct baseline_rule, v->items.count);

    for (size_t i = 0; i < v->items.count; i++) {
        const struct rule_view *r = LIST_ITEM(struct rule_view, v->items, i);
        PASS(take_filters(op, b->os, r->group, &rules[i].filters));
        PASS(take_dates(op, b->os, r, &rules[i]));
        rules[i].enable_non_security = r->non_security;
        if (str_is_set(r->level))
            (void)compliance_level_parse(r->level, &rules[i].level);
    }
    b->rules = rules;
    b->n_rules = v->items.count;
    return 0;
}

static int take_sources(struct op *op, const struct list *v, struct baseline *b)
{
    struct baseline_source *sources = arena_array(op->arena, struct baseline_source, v->count);

    for (size_t i = 0; i < v->count; i++) {
        const struct source_view *s = LIST_ITEM(struct source_view, *v, i);
        const char *fault = patch_source_fault(patch_os_info(b->os)->family, s->configuration);
        if (fault)
            return op_invalid(op, "The configuration of the patch source %.*s is not valid: %s.",
                              STR(s->name), fault);
        sources[i] = (struct baseline_source){ s->name, s->products, s->configuration };
    }
    b->sources = sources;
    b->n_sources = v->count;
    return 0;
}

int patch_view_apply(struct op *op, const struct baseline_view *v, struct baseline *b)
{
    if (str_is_set(v->name))
        b->name = v->name;
    if (str_is_set(v->description))
        b->description = v->description;
    if (v->global)
        PASS(take_filters(op, b->os, v->global, &b->global));
    if (v->rules)
        PASS(take_rules(op, v->rules, b));
    if (v->sources.items)
        PASS(take_sources(op, &v->sources, b));
    if (v->approved.items)
        b->approved = v->approved;
    if (v->rejected.items)
        b->rejected = v->rejected;
    if (str_is_set(v->approved_level))
        (void)compliance_level_parse(v->approved_level, &b->approved_level);
    if (v->approved_non_security != TRISTATE_UNSET)
        b->approved_non_security = v->approved_non_security == TRISTATE_TRUE;
    if (str_is_set(v->rejected_action))
        b->rejected_action =
            str_eq(v->rejected_action, S("BLOCK")) ? REJECTED_BLOCK : REJECTED_ALLOW_AS_DEPENDENCY;
    return 0;
}
