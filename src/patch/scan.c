/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/scan.h"

#include "engine/patch_source.h"

struct absent_count {
    const struct baseline *baseline;
    msec now;
    size_t count;
};

/* NotApplicable are packages the baseline approves that are not on the host. */
static void count_absent(void *context, const struct patch_facts *f)
{
    struct absent_count *c = context;

    if (baseline_approves(c->baseline, f, &f->candidate, c->now).verdict == BASELINE_APPROVED)
        c->count++;
}

static const struct change *find_change(const struct scan_memory *memory,
                                        const struct patch_facts *f)
{
    for (size_t i = 0; i < memory->n_changes; i++)
        if (str_eq(memory->changes[i].name, f->name) && str_eq(memory->changes[i].arch, f->arch))
            return &memory->changes[i];
    return NULL;
}

static void remember(struct patch_facts *f, const struct host *host,
                     const struct scan_memory *memory)
{
    const struct change *change = find_change(memory, f);

    f->pending_reboot = memory->state && state_is_pending(memory->state, host, f);
    f->failed = change && str_is_set(change->failure) &&
                (f->broken || !str_eq(f->installed.version, change->to));
    f->failure = f->failed ? change->failure : (struct str){ 0 };
}

static void count_item(struct scan *scan, const struct baseline_decision *d)
{
    bool is_security = str_eq(d->classification, S("Security"));

    scan->n_state[d->state]++;
    if (patch_state_is_compliant(d->state))
        return;
    scan->is_compliant = false;
    if (d->level > scan->worst)
        scan->worst = d->level;
    scan->n_critical += d->level == COMPLIANCE_CRITICAL; /* one item may be in both */
    scan->n_security += is_security;
    scan->n_other += d->level != COMPLIANCE_CRITICAL && !is_security;
}

void scan_decide(struct arena *a, struct scan *scan, const struct scan_memory *memory, msec now)
{
    size_t not_applicable = scan->n_state[PATCH_NOT_APPLICABLE];

    memset(scan->n_state, 0, sizeof(scan->n_state));
    scan->n_state[PATCH_NOT_APPLICABLE] = not_applicable;
    scan->n_updates = scan->n_critical = scan->n_security = scan->n_other = 0;
    scan->worst = COMPLIANCE_UNSPECIFIED;
    scan->is_compliant = true;
    scan->decided_at = now;
    for (size_t i = 0; i < scan->packages.count; i++) {
        struct package *p = &scan->packages.items[i];

        remember(&p->facts, scan->host, memory);
        p->decision = baseline_decide(a, scan->baseline, &p->facts, now);
        count_item(scan, &p->decision);
        scan->n_updates += p->facts.has_update;
    }
}

int scan_run(struct arena *a, const struct scan_options *options, const struct scan_memory *memory,
             struct scan *ret, struct str *ret_why)
{
    struct absent_count absent = { .baseline = options->baseline, .now = options->now };
    struct scan scan = {
        .host = options->host,
        .provider = options->provider,
        .baseline = options->baseline,
    };
    const struct scan_request request = {
        .host = options->host,
        .cache_dir = options->cache_dir,
        .absent = options->count_absent ? count_absent : NULL,
        .context = &absent,
    };

    if (!options->host->sources_dir &&
        patch_sources_of(a, options->baseline, options->host->product).count > 0) {
        *ret_why = S("the baseline names alternative sources: their package lists have to be "
                     "fetched first");
        return PROVIDER_FAILED;
    }
    PASS(provider_scan(a, options->provider, &request, &scan.packages, ret_why));
    scan.n_state[PATCH_NOT_APPLICABLE] = absent.count;
    scan_decide(a, &scan, memory, options->now);
    *ret = scan;
    return 0;
}

/* "Override ignores security status and baseline approval"; it upgrades, and adds
 * nothing that is not there. */
static bool is_wanted(const struct package *p, const struct override_list *list)
{
    if (!list)
        return p->decision.install;
    return p->facts.has_update && !p->facts.held && override_matches(list, &p->facts);
}

struct change *scan_changes(struct arena *a, const struct scan *scan,
                            const struct override_list *list, size_t *ret_count)
{
    struct change *changes = arena_array(a, struct change, scan->packages.count + 1);
    size_t count = 0;

    for (size_t i = 0; i < scan->packages.count; i++) {
        const struct package *p = &scan->packages.items[i];

        if (!is_wanted(p, list))
            continue;
        changes[count++] = (struct change){
            .manager_name = p->manager_name,
            .name = p->facts.name,
            .arch = p->facts.arch,
            .from = p->facts.installed.version,
            .to = p->facts.candidate.version,
            .new_name = p->new_name,
            .new_arch = p->new_arch,
        };
    }
    *ret_count = count;
    return changes;
}

struct str scan_item_id(struct arena *a, const struct package *p)
{
    return arena_fmt(a, "%.*s.%.*s", STR(p->facts.name), STR(p->facts.arch));
}
