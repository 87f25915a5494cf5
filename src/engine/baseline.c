/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/baseline.h"

#include <stdio.h>

#include "base/buf.h"
#include "engine/patch_source.h"

static const char *const level_names[] = {
    [COMPLIANCE_UNSPECIFIED] = "UNSPECIFIED",
    [COMPLIANCE_INFORMATIONAL] = "INFORMATIONAL",
    [COMPLIANCE_LOW] = "LOW",
    [COMPLIANCE_MEDIUM] = "MEDIUM",
    [COMPLIANCE_HIGH] = "HIGH",
    [COMPLIANCE_CRITICAL] = "CRITICAL",
};

static const struct {
    const char *name, *api;
    bool compliant;
} states[PATCH_STATES] = {
    [PATCH_NOT_APPLICABLE] = { "NotApplicable", "NOT_APPLICABLE", true },
    [PATCH_INSTALLED] = { "Installed", "INSTALLED", true },
    [PATCH_INSTALLED_OTHER] = { "InstalledOther", "INSTALLED_OTHER", true },
    [PATCH_INSTALLED_PENDING_REBOOT] = { "InstalledPendingReboot", "INSTALLED_PENDING_REBOOT",
                                         false },
    [PATCH_INSTALLED_REJECTED] = { "InstalledRejected", "INSTALLED_REJECTED", false },
    [PATCH_MISSING] = { "Missing", "MISSING", false },
    [PATCH_FAILED] = { "Failed", "FAILED", false },
};

const char *compliance_level_name(enum compliance_level level)
{
    assert((size_t)level < ARRAY_LEN(level_names));
    return level_names[level];
}

bool compliance_level_parse(struct str name, enum compliance_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (str_eq(name, str_of(level_names[i]))) {
            *ret = (enum compliance_level)i;
            return true;
        }
    return false;
}

const char *patch_state_name(enum patch_state state)
{
    assert((size_t)state < PATCH_STATES);
    return states[state].name;
}

const char *patch_state_api(enum patch_state state)
{
    assert((size_t)state < PATCH_STATES);
    return states[state].api;
}

bool patch_state_parse(struct str name, enum patch_state *ret)
{
    for (size_t i = 0; i < PATCH_STATES; i++)
        if (str_eq(name, str_of(states[i].name))) {
            *ret = (enum patch_state)i;
            return true;
        }
    return false;
}

bool patch_state_is_compliant(enum patch_state state)
{
    assert((size_t)state < PATCH_STATES);
    return states[state].compliant;
}

bool patch_facts_named(const struct patch_facts *f, struct str name)
{
    struct str rest;

    if (str_eq(name, f->name))
        return true;
    if (name.len != f->name.len + 1 + f->arch.len || !str_starts(name, f->name))
        return false;
    rest = str_from(name, f->name.len);
    return (rest.p[0] == '.' || rest.p[0] == ':') && str_eq(str_from(rest, 1), f->arch);
}

/* A section may carry its archive area in front ("non-free/libs"); a filter may
 * name it with or without. */
static bool section_matches(struct str value, struct str section)
{
    ptrdiff_t slash = str_rfind(section, '/');

    return str_iglob(value, section) ||
           (slash >= 0 && str_iglob(value, str_from(section, (size_t)slash + 1)));
}

/* Amazon Linux 2 is called both in the reference. */
static bool product_matches(struct str value, struct str product)
{
    return str_iglob(value, product) ||
           (str_eq(product, S("AmazonLinux2")) && str_ieq(value, S("AmazonLinux2.0")));
}

static bool value_matches(enum patch_key key, struct str value, const struct patch_facts *f,
                          const struct patch_version *v)
{
    switch (key) {
    case PATCH_KEY_PRODUCT:
        return product_matches(value, f->product);
    case PATCH_KEY_PRIORITY:
        return str_iglob(value, v->priority);
    case PATCH_KEY_SECTION:
        return section_matches(value, v->section);
    case PATCH_KEY_CLASSIFICATION:
        return str_iglob(value, v->classification);
    case PATCH_KEY_SEVERITY:
        /* Notices of some vendors say Moderate where others say Medium. */
        return str_iglob(value, v->severity) ||
               (str_ieq(value, S("Medium")) && str_ieq(v->severity, S("Moderate"))) ||
               (str_ieq(value, S("Moderate")) && str_ieq(v->severity, S("Medium")));
    }
    return false;
}

static bool all_match(const struct baseline_filters *filters, const struct patch_facts *f,
                      const struct patch_version *v)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct baseline_filter *filter = &filters->items[i];
        bool any = false;

        for (size_t n = 0; n < filter->values.count && !any; n++)
            any = value_matches(filter->key, filter->values.items[n], f, v);
        if (!any)
            return false;
    }
    return true;
}

/* A version may be in several notices: each is a reading of it, and none of them need be the
 * gravest. So a fix that is a security update too is still a fix. */
static size_t n_readings(const struct patch_version *v)
{
    return v->notices.count > 0 ? v->notices.count : 1;
}

static struct patch_version reading(const struct patch_version *v, size_t i)
{
    struct patch_version one = *v;

    if (v->notices.count == 0)
        return one;
    one.notices.items += i;
    one.notices.count = 1;
    one.classification = one.notices.items->classification;
    one.severity = one.notices.items->severity;
    one.released_at = one.notices.items->updated_at;
    return one;
}

/* "Neither is supported for Debian/Ubuntu (no reliable dates): approval is
 * immediate whatever is stored." Elsewhere an unknown date means no delay; but of alternative
 * repositories ApproveAfterDays drops what has none, unless EnableNonSecurity. */
static bool date_allows(const struct baseline *b, const struct baseline_rule *rule,
                        const struct patch_facts *f, const struct patch_version *v, msec now,
                        msec *ret_at)
{
    *ret_at = 0;
    if (patch_os_info(b->os)->family == PATCH_FAMILY_APT)
        return true;
    if (v->released_at == 0)
        return !rule->has_after_days || rule->enable_non_security ||
               !patch_sources_replace(b, f->product);
    if (rule->has_until) {
        bool in_time = v->released_at <= rule->approve_until;

        *ret_at = in_time ? v->released_at : 0;
        return in_time;
    }
    if (rule->has_after_days) {
        *ret_at = v->released_at + rule->approve_after_days * MSEC_DAY;
        return now > *ret_at;
    }
    return true;
}

/* name-[epoch:]version-release.arch; a pattern may leave the epoch out. */
static bool full_name_matches(struct str pattern, const struct patch_facts *f, struct str version)
{
    struct str epoch, rest;
    struct str spellings[2] = { version, version };

    if (!str_is_set(version))
        return false;
    if (str_cut(version, ':', &epoch, &rest))
        spellings[1] = rest;
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        char text[512];
        int len = snprintf(text, sizeof(text), "%.*s-%.*s.%.*s", STR(f->name), STR(spellings[i]),
                           STR(f->arch));

        if (len > 0 && (size_t)len < sizeof(text) &&
            str_glob(pattern, (struct str){ text, (size_t)len }))
            return true;
    }
    return false;
}

/* SUSE's patches are named like packages, with wildcards. */
static bool patch_matches(struct str pattern, const struct patch_version *v)
{
    for (size_t i = 0; i < v->notices.count; i++)
        if (str_glob(pattern, v->notices.items[i].id))
            return true;
    return false;
}

/* "Patch name or name-ver-rel.arch.rpm" is zypper's. */
static bool names(struct strs list, const struct baseline *b, const struct patch_facts *f,
                  const struct patch_version *v)
{
    enum patch_family family = patch_os_info(b->os)->family;

    for (size_t i = 0; i < list.count; i++) {
        struct str pattern = list.items[i];

        if (str_glob(pattern, f->name))
            return true;
        if (family == PATCH_FAMILY_ZYPPER && patch_matches(pattern, v))
            return true;
        if (family == PATCH_FAMILY_ZYPPER && str_ends(pattern, S(".rpm")))
            pattern = str_slice(pattern, 0, pattern.len - strlen(".rpm"));
        if (family != PATCH_FAMILY_APT && full_name_matches(pattern, f, v->version))
            return true;
    }
    return false;
}

static bool has_notice(const struct patch_version *v, struct str id)
{
    for (size_t i = 0; i < v->notices.count; i++)
        if (str_eq(v->notices.items[i].id, id))
            return true;
    return false;
}

static bool approved_list_has(const struct baseline *b, const struct patch_facts *f,
                              const struct patch_version *v)
{
    if (names(b->approved, b, f, v))
        return true;
    if (patch_os_info(b->os)->family == PATCH_FAMILY_ZYPPER)
        return false; /* whose lists know no CVE and no bug */
    for (size_t i = 0; i < b->approved.count; i++)
        if (has_notice(v, b->approved.items[i]) || strs_have(v->cves, b->approved.items[i]) ||
            strs_have(v->bugs, b->approved.items[i]))
            return true;
    return false;
}

bool baseline_rejects(const struct baseline *b, const struct patch_facts *f,
                      const struct patch_version *v)
{
    return names(b->rejected, b, f, v);
}

/* Of several approvals the highest level counts, so their order does not. */
static void approve(struct baseline_approval *r, enum compliance_level level, int rule,
                    struct str notice)
{
    if (r->verdict == BASELINE_APPROVED && r->level >= level)
        return;
    r->verdict = BASELINE_APPROVED;
    r->level = level;
    r->rule = rule;
    r->notice = notice;
    r->by_list = rule < 0;
}

static void deny(struct baseline_approval *r, enum baseline_verdict verdict, int rule,
                 struct str notice)
{
    if (r->verdict >= verdict)
        return;
    r->verdict = verdict;
    r->rule = rule;
    r->notice = notice;
    r->by_list = rule < 0 && verdict == BASELINE_NOT_SECURITY;
}

bool baseline_passes_globals(const struct baseline *b, const struct patch_facts *f,
                             const struct patch_version *v)
{
    for (size_t i = 0; i < n_readings(v); i++) {
        const struct patch_version one = reading(v, i);

        if (all_match(&b->global, f, &one))
            return true;
    }
    return false;
}

static struct baseline_opinion rule_says_of(const struct baseline *b,
                                            const struct baseline_rule *rule,
                                            const struct patch_facts *f,
                                            const struct patch_version *v, msec now)
{
    struct baseline_opinion opinion = { .verdict = BASELINE_NO_RULE };

    if (!all_match(&rule->filters, f, v))
        return opinion;
    if (v->notices.count > 0)
        opinion.notice = v->notices.items->id;
    if (!v->security && !rule->enable_non_security)
        opinion.verdict = BASELINE_NOT_SECURITY;
    else if (!date_allows(b, rule, f, v, now, &opinion.approved_at))
        opinion.verdict = BASELINE_WAITS;
    else
        opinion.verdict = BASELINE_APPROVED;
    return opinion;
}

/* Closer to an approval, then earlier, then by name: whatever the order of the notices. */
static bool says_more(const struct baseline_opinion *a, const struct baseline_opinion *b)
{
    if (a->verdict != b->verdict)
        return a->verdict > b->verdict;
    if (a->approved_at != b->approved_at)
        return a->approved_at < b->approved_at;
    return str_cmp(a->notice, b->notice) < 0;
}

struct baseline_opinion baseline_rule_says(const struct baseline *b,
                                           const struct baseline_rule *rule,
                                           const struct patch_facts *f,
                                           const struct patch_version *v, msec now)
{
    struct baseline_opinion most = { .verdict = BASELINE_NO_RULE };

    for (size_t i = 0; i < n_readings(v); i++) {
        const struct patch_version one = reading(v, i);
        const struct baseline_opinion o = rule_says_of(b, rule, f, &one, now);

        if (i == 0 || says_more(&o, &most))
            most = o;
    }
    return most;
}

enum baseline_verdict baseline_list_says(const struct baseline *b, const struct patch_facts *f,
                                         const struct patch_version *v)
{
    if (!approved_list_has(b, f, v))
        return BASELINE_NO_RULE;
    return v->security || b->approved_non_security ? BASELINE_APPROVED : BASELINE_NOT_SECURITY;
}

struct baseline_approval baseline_approves(const struct baseline *b, const struct patch_facts *f,
                                           const struct patch_version *v, msec now)
{
    struct baseline_approval r = { .verdict = BASELINE_NOT_FILTERED, .rule = -1 };
    enum baseline_verdict listed = baseline_list_says(b, f, v);
    const struct str none = { 0 };

    if (baseline_passes_globals(b, f, v))
        deny(&r, BASELINE_NO_RULE, -1, none);
    for (size_t i = 0; r.verdict != BASELINE_NOT_FILTERED && i < b->n_rules; i++) {
        const struct baseline_opinion said = baseline_rule_says(b, &b->rules[i], f, v, now);

        if (said.verdict == BASELINE_APPROVED)
            approve(&r, b->rules[i].level, (int)i, said.notice);
        else
            deny(&r, said.verdict, said.verdict == BASELINE_NO_RULE ? -1 : (int)i, said.notice);
    }

    /* The list holds even for what the global filters and the rules dropped. */
    if (listed == BASELINE_APPROVED)
        approve(&r, b->approved_level, -1, none);
    else if (listed == BASELINE_NOT_SECURITY)
        deny(&r, BASELINE_NOT_SECURITY, -1, none);

    if (baseline_rejects(b, f, v))
        r = (struct baseline_approval){ .verdict = BASELINE_REJECTED, .rule = -1 };
    return r;
}

/* ---- the reason ---- */

static void say_version(struct buf *why, const struct patch_version *v)
{
    buf_add(why, v->version);
    if (!str_is_empty(v->origin))
        buf_fmt(why, " from %.*s", STR(v->origin));
    buf_add(why, v->security ? S(", a security source") : S(", no security source"));
}

static void say_notice(struct buf *why, const struct baseline_approval *r)
{
    if (!str_is_empty(r->notice))
        buf_fmt(why, " by notice %.*s", STR(r->notice));
}

static void say_approval(struct buf *why, const struct baseline *b,
                         const struct baseline_approval *r)
{
    switch (r->verdict) {
    case BASELINE_NOT_FILTERED:
        buf_lit(why, "; dropped by the global filters");
        return;
    case BASELINE_NO_RULE:
        buf_lit(why, "; no rule matches");
        return;
    case BASELINE_NOT_SECURITY:
        if (r->by_list)
            buf_lit(why, "; on the approved list, which is for security sources only");
        else
            buf_fmt(why, "; rule %d matches but is for security sources only", r->rule + 1);
        return;
    case BASELINE_WAITS:
        buf_fmt(why, "; rule %d matches", r->rule + 1);
        say_notice(why, r);
        buf_lit(why, " but its approval date is not met");
        return;
    case BASELINE_REJECTED:
        buf_fmt(why, "; on the rejected list (%s)",
                b->rejected_action == REJECTED_BLOCK ? "BLOCK" : "ALLOW_AS_DEPENDENCY");
        return;
    case BASELINE_APPROVED:
        if (r->by_list)
            buf_lit(why, "; approved by the approved list");
        else
            buf_fmt(why, "; approved by rule %d", r->rule + 1);
        say_notice(why, r);
        return;
    }
}

static void say_circumstances(struct buf *why, const struct patch_facts *f)
{
    if (f->held)
        buf_lit(why, "; on hold");
    if (f->phased)
        buf_lit(why, "; the update is phased and not yet meant for this host");
    if (str_is_set(f->hidden))
        buf_fmt(why, "; a newer version %.*s is kept away by a pin", STR(f->hidden));
    if (f->broken)
        buf_lit(why, "; only half installed");
    if (f->failed)
        buf_fmt(why, "; installing it failed: %.*s", STR(f->failure));
    if (f->pending_reboot)
        buf_lit(why, "; installed since the last boot, waits for a reboot");
}

static struct str classification_of(const struct patch_version *v)
{
    if (!str_is_empty(v->classification))
        return v->classification;
    return v->security ? S("Security") : S("");
}

/* ---- the decision ---- */

static enum patch_state state_of_update(const struct patch_facts *f)
{
    return f->failed || f->broken ? PATCH_FAILED : PATCH_MISSING;
}

static enum patch_state state_of_installed(const struct baseline *b, const struct patch_facts *f,
                                           const struct baseline_approval *r)
{
    if (r->verdict == BASELINE_REJECTED && b->rejected_action == REJECTED_BLOCK)
        return PATCH_INSTALLED_REJECTED;
    if (f->failed || (f->broken && r->verdict == BASELINE_APPROVED))
        return PATCH_FAILED;
    if (f->pending_reboot)
        return PATCH_INSTALLED_PENDING_REBOOT;
    return r->verdict == BASELINE_APPROVED ? PATCH_INSTALLED : PATCH_INSTALLED_OTHER;
}

static struct baseline_decision decide_absent(struct buf *why, const struct baseline *b,
                                              const struct patch_facts *f, msec now)
{
    struct baseline_approval r = baseline_approves(b, f, &f->candidate, now);

    buf_lit(why, "not installed");
    say_approval(why, b, &r);
    return (struct baseline_decision){ .state = PATCH_NOT_APPLICABLE, .level = r.level };
}

/* The update counts if the baseline wants it and the native manager would give
 * it to this host; else the version that is there is judged. */
struct baseline_decision baseline_decide(struct arena *a, const struct baseline *b,
                                         const struct patch_facts *f, msec now)
{
    struct buf why = buf_in(a);
    struct baseline_decision d = { 0 };
    const struct patch_version *counts = &f->installed;

    if (!str_is_set(f->installed.version)) {
        d = decide_absent(&why, b, f, now);
        counts = &f->candidate;
    } else {
        struct baseline_approval r = { .verdict = BASELINE_NO_RULE, .rule = -1 };

        if (f->has_update) {
            r = baseline_approves(b, f, &f->candidate, now);
            buf_lit(&why, "update to ");
            say_version(&why, &f->candidate);
            say_approval(&why, b, &r);
        }
        if (f->has_update && r.verdict == BASELINE_APPROVED && !f->phased) {
            d.state = state_of_update(f);
            d.install = !f->held;
            counts = &f->candidate;
        } else {
            r = baseline_approves(b, f, &f->installed, now);
            buf_add(&why, f->has_update ? S("; installed ") : S("no update; installed "));
            say_version(&why, &f->installed);
            say_approval(&why, b, &r);
            d.state = state_of_installed(b, f, &r);
            d.install = d.state == PATCH_FAILED && !f->held;
        }
        d.level = r.verdict == BASELINE_APPROVED ? r.level : COMPLIANCE_UNSPECIFIED;
    }

    say_circumstances(&why, f);
    d.classification = classification_of(counts);
    d.reason = buf_str(&why);
    return d;
}
