/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/baseline_explain.h"

#include "base/buf.h"
#include "base/time.h"

static const char *const names[] = {
    [STEP_VERSION] = "Version",
    [STEP_SOURCE] = "Source",
    [STEP_GLOBAL_FILTERS] = "GlobalFilters",
    [STEP_RULE] = "Rule",
    [STEP_APPROVED_LIST] = "ApprovedList",
    [STEP_REJECTED_LIST] = "RejectedList",
    [STEP_HOLD] = "Hold",
    [STEP_PIN] = "Pin",
    [STEP_PHASED] = "Phased",
    [STEP_BROKEN] = "Broken",
    [STEP_FAILURE] = "Failure",
    [STEP_REBOOT] = "Reboot",
    [STEP_STATE] = "State",
};

const char *baseline_step_name(enum baseline_step step)
{
    assert((size_t)step < ARRAY_LEN(names));
    return names[step];
}

struct teller {
    struct arena *arena;
    const struct baseline *baseline;
    const struct patch_facts *facts;
    msec now;
    struct baseline_chain chain;
    size_t capacity;
};

static struct baseline_link *tell(struct teller *t, enum baseline_step step, struct str says,
                                  struct str text)
{
    struct baseline_chain *c = &t->chain;

    c->links = ARENA_GROW(t->arena, c->links, c->count, &t->capacity);
    c->links[c->count] = (struct baseline_link){ .step = step, .says = says, .text = text };
    return &c->links[c->count++];
}

/* ---- a version and what the baseline says of it ---- */

static struct str notices_of(struct arena *a, const struct patch_version *v)
{
    struct buf text = buf_in(a);

    for (size_t i = 0; i < v->notices.count; i++) {
        const struct patch_notice *n = &v->notices.items[i];

        buf_fmt(&text, "%s%.*s", i > 0 ? ", " : "", STR(n->id));
        if (v->notices.count == 1)
            break; /* what it says is said of the version */
        buf_fmt(&text, " (%.*s%s%.*s%s%.*s)", STR(n->classification),
                str_is_empty(n->severity) ? "" : " ", STR(n->severity), n->updated_at ? " of " : "",
                STR(n->updated_at ? time_iso(a, n->updated_at) : S("")));
    }
    return buf_str(&text);
}

static struct str details_of(struct arena *a, const struct patch_version *v)
{
    const struct {
        const char *name;
        struct str value;
    } details[] = {
        { "priority", v->priority },
        { "section", v->section },
        { "classification", v->classification },
        { "severity", v->severity },
        { v->notices.count > 1 ? "notices" : "notice", notices_of(a, v) },
        { "CVEs", arena_join(a, v->cves, S(" ")) },
        { "released", v->released_at ? time_iso(a, v->released_at) : S("") },
    };
    struct buf text = buf_in(a);

    for (size_t i = 0; i < ARRAY_LEN(details); i++)
        if (!str_is_empty(details[i].value))
            buf_fmt(&text, "; %s %.*s", details[i].name, STR(details[i].value));
    return buf_str(&text);
}

static void tell_version(struct teller *t, const struct patch_version *v, struct str kind)
{
    struct arena *a = t->arena;
    struct str origin = str_is_empty(v->origin) ? S("no repository that is known here") : v->origin;

    tell(t, STEP_VERSION, kind, arena_fmt(a, "%.*s %.*s", STR(kind), STR(v->version)));
    tell(t, STEP_SOURCE, v->security ? S("Security") : S("NotSecurity"),
         arena_fmt(a, "from %.*s, %s%.*s", STR(origin),
                   v->security ? "a security source" : "no security source",
                   STR(details_of(a, v))));
}

static struct str word_of(enum baseline_verdict verdict)
{
    switch (verdict) {
    case BASELINE_NOT_FILTERED:
        return S("Drops");
    case BASELINE_NO_RULE:
        return S("NoMatch");
    case BASELINE_NOT_SECURITY:
        return S("NotSecurity");
    case BASELINE_WAITS:
        return S("Waits");
    case BASELINE_REJECTED:
        return S("Rejects");
    case BASELINE_APPROVED:
        return S("Approves");
    }
    return S("");
}

static struct str rule_text(struct arena *a, const struct baseline_rule *rule, size_t i,
                            const struct baseline_opinion *o)
{
    struct str at = o->approved_at ? time_iso(a, o->approved_at) : S("");
    struct str by =
        str_is_empty(o->notice) ? S("") : arena_fmt(a, " by notice %.*s", STR(o->notice));

    switch (o->verdict) {
    case BASELINE_NOT_SECURITY:
        return arena_fmt(a, "rule %zu matches but is for security sources only", i + 1);
    case BASELINE_WAITS:
        if (!rule->has_until)
            return arena_fmt(a, "rule %zu matches%.*s and approves after %.*s", i + 1, STR(by),
                             STR(at));
        return arena_fmt(a, "rule %zu matches%.*s but approves what was released until %.*s only",
                         i + 1, STR(by), STR(time_iso(a, rule->approve_until)));
    case BASELINE_APPROVED:
        return arena_fmt(a, "rule %zu approves%.*s%s%.*s, level %s", i + 1, STR(by),
                         str_is_empty(at) ? "" : " since ", STR(at),
                         compliance_level_name(rule->level));
    case BASELINE_NOT_FILTERED:
    case BASELINE_NO_RULE:
    case BASELINE_REJECTED:
        break;
    }
    return arena_fmt(a, "rule %zu does not match", i + 1);
}

static void tell_rules(struct teller *t, const struct patch_version *v)
{
    const struct baseline *b = t->baseline;
    bool passes = baseline_passes_globals(b, t->facts, v);

    if (b->global.count > 0)
        tell(t, STEP_GLOBAL_FILTERS, passes ? S("Passes") : S("Drops"),
             passes ? S("passes the global filters")
                    : S("dropped by the global filters: no rule is asked"));
    for (size_t i = 0; passes && i < b->n_rules; i++) {
        struct baseline_opinion o = baseline_rule_says(b, &b->rules[i], t->facts, v, t->now);
        struct baseline_link *link =
            tell(t, STEP_RULE, word_of(o.verdict), rule_text(t->arena, &b->rules[i], i, &o));

        link->rule = (int)i + 1;
        link->approved_at = o.approved_at;
        link->notice = o.notice;
    }
}

static void tell_lists(struct teller *t, const struct patch_version *v)
{
    const struct baseline *b = t->baseline;
    enum baseline_verdict listed = baseline_list_says(b, t->facts, v);

    if (listed == BASELINE_APPROVED)
        tell(t, STEP_APPROVED_LIST, word_of(listed),
             arena_fmt(t->arena, "on the approved list, level %s",
                       compliance_level_name(b->approved_level)));
    else if (listed == BASELINE_NOT_SECURITY)
        tell(t, STEP_APPROVED_LIST, word_of(listed),
             S("on the approved list, which is for security sources only"));
    if (baseline_rejects(b, t->facts, v))
        tell(t, STEP_REJECTED_LIST, S("Rejects"),
             b->rejected_action == REJECTED_BLOCK
                 ? S("on the rejected list (BLOCK), which wins over every approval")
                 : S("on the rejected list (ALLOW_AS_DEPENDENCY), which wins over every "
                     "approval"));
}

static void tell_judgement(struct teller *t, const struct patch_version *v, const char *kind)
{
    tell_version(t, v, str_of(kind));
    tell_rules(t, v);
    tell_lists(t, v);
}

/* ---- the host's circumstances, and the end ---- */

static void tell_circumstances(struct teller *t)
{
    const struct patch_facts *f = t->facts;
    struct arena *a = t->arena;

    if (f->held)
        tell(t, STEP_HOLD, S("Held"), S("on hold: nothing changes it but the administrator"));
    if (str_is_set(f->hidden) && !str_is_empty(f->hidden))
        tell(t, STEP_PIN, S("Hidden"),
             arena_fmt(a, "a newer version %.*s is kept away by a pin", STR(f->hidden)));
    if (f->phased)
        tell(t, STEP_PHASED, S("Phased"),
             S("the update is phased and not yet meant for this host"));
    if (f->broken)
        tell(t, STEP_BROKEN, S("Broken"), S("the package manager left it half installed"));
    if (f->failed)
        tell(t, STEP_FAILURE, S("Failed"),
             arena_fmt(a, "the last install of it failed: %.*s", STR(f->failure)));
    if (f->pending_reboot)
        tell(t, STEP_REBOOT, S("Pending"), S("installed since the last boot, waits for a reboot"));
}

static void tell_state(struct teller *t)
{
    const struct baseline_decision *d = &t->chain.decision;
    const char *next = d->install ? ": an Install brings it in" : "";
    struct buf text = buf_in(t->arena);

    buf_fmt(&text, "%s, %s", patch_state_name(d->state),
            patch_state_is_compliant(d->state) ? "compliant" : "not compliant");
    if (d->level != COMPLIANCE_UNSPECIFIED)
        buf_fmt(&text, ", level %s", compliance_level_name(d->level));
    buf_add(&text, str_of(next));
    tell(t, STEP_STATE, str_of(patch_state_name(d->state)), buf_str(&text));
}

/* As baseline_decide() has it: an update that is approved and meant for this host counts. */
static bool update_counts(const struct teller *t)
{
    const struct patch_facts *f = t->facts;

    return baseline_approves(t->baseline, f, &f->candidate, t->now).verdict == BASELINE_APPROVED &&
           !f->phased;
}

struct baseline_chain baseline_explain(struct arena *a, const struct baseline *b,
                                       const struct patch_facts *f, msec now)
{
    struct teller t = { .arena = a, .baseline = b, .facts = f, .now = now };

    t.chain.decision = baseline_decide(a, b, f, now);
    if (!str_is_set(f->installed.version)) {
        tell_judgement(&t, &f->candidate, "Candidate");
    } else {
        if (f->has_update)
            tell_judgement(&t, &f->candidate, "Update");
        if (!f->has_update || !update_counts(&t))
            tell_judgement(&t, &f->installed, "Installed");
    }
    tell_circumstances(&t);
    tell_state(&t);
    return t.chain;
}

/* ---- text and JSON ---- */

struct str baseline_chain_text(struct arena *a, const struct baseline_chain *chain)
{
    struct buf out = buf_in(a);

    for (size_t i = 0; i < chain->count; i++) {
        const struct baseline_link *link = &chain->links[i];
        bool is_head = link->step == STEP_VERSION || link->step == STEP_STATE;

        buf_fmt(&out, "%s%.*s\n", is_head ? "  " : "    ", STR(link->text));
    }
    return buf_str(&out);
}

struct value *baseline_chain_json(struct arena *a, const struct baseline_chain *chain)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < chain->count; i++) {
        const struct baseline_link *link = &chain->links[i];
        struct value *v = value_map(a);

        value_set_str(a, v, S("step"), str_of(baseline_step_name(link->step)));
        if (link->rule)
            value_set_int(a, v, S("rule"), link->rule);
        value_set_str(a, v, S("says"), link->says);
        value_set_str(a, v, S("text"), link->text);
        if (!str_is_empty(link->notice))
            value_set_str(a, v, S("notice"), link->notice);
        if (link->approved_at)
            value_set_str(a, v, S("approvedAt"), time_iso(a, link->approved_at));
        value_append(a, list, v);
    }
    return list;
}
