/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/print.h"

#include "base/buf.h"
#include "engine/baseline_explain.h"

#define COLUMNS 5

static const char *const titles[COLUMNS] = { "PACKAGE", "INSTALLED", "CANDIDATE", "STATE",
                                             "REASON" };

static bool is_worth_a_row(const struct package *p, enum print_rows rows)
{
    return rows == PRINT_ALL || !patch_state_is_compliant(p->decision.state) ||
           (rows == PRINT_WORTH_A_LOOK && p->facts.has_update);
}

static void cells_of(struct arena *a, const struct package *p, struct str *cells)
{
    cells[0] = scan_item_id(a, p);
    cells[1] = p->facts.installed.version;
    cells[2] = p->facts.has_update ? p->facts.candidate.version : S("-");
    cells[3] = str_of(patch_state_name(p->decision.state));
    cells[4] = p->decision.reason;
}

static void add_row(struct buf *out, const struct str *cells, const size_t *widths)
{
    for (size_t i = 0; i + 1 < COLUMNS; i++)
        buf_fmt(out, "%-*.*s  ", (int)widths[i], STR(cells[i]));
    buf_fmt(out, "%.*s\n", STR(cells[COLUMNS - 1]));
}

struct str print_table(struct arena *a, const struct scan *scan, enum print_rows wanted)
{
    struct buf out = buf_in(a);
    struct str(*rows)[COLUMNS] = arena_alloc(a, sizeof(*rows) * (scan->packages.count + 1));
    size_t widths[COLUMNS] = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        rows[0][i] = str_of(titles[i]);
    for (size_t i = 0; i < scan->packages.count; i++)
        if (is_worth_a_row(&scan->packages.items[i], wanted))
            cells_of(a, &scan->packages.items[i], rows[++count]);
    for (size_t row = 0; row <= count; row++)
        for (size_t i = 0; i < COLUMNS; i++)
            if (rows[row][i].len > widths[i])
                widths[i] = rows[row][i].len;
    for (size_t row = 0; count > 0 && row <= count; row++)
        add_row(&out, rows[row], widths);
    return buf_str(&out);
}

struct str print_summary(struct arena *a, const struct scan *scan)
{
    struct buf out = buf_in(a);

    buf_fmt(&out, "%.*s, baseline %.*s: %zu packages, %zu with an update; ",
            STR(scan->host->product), STR(scan->baseline->name), scan->packages.count,
            scan->n_updates);
    for (int state = PATCH_INSTALLED; state < PATCH_STATES; state++)
        if (scan->n_state[state] > 0)
            buf_fmt(&out, "%s %zu, ", patch_state_name((enum patch_state)state),
                    scan->n_state[state]);
    buf_add(&out, scan->is_compliant ? S("COMPLIANT\n") : S("NON_COMPLIANT\n"));
    if (scan->packages.n_security_sources == 0)
        buf_lit(&out, "WARNING: there are no package lists of a security source on this host: "
                      "missing security updates cannot be seen\n");
    return buf_str(&out);
}

/* ---- JSON ---- */

static struct value *json_package(struct arena *a, const struct scan *scan, const struct package *p)
{
    const struct patch_facts *f = &p->facts;
    struct value *v = value_map(a);

    value_set_str(a, v, S("name"), f->name);
    value_set_str(a, v, S("arch"), f->arch);
    value_set_str(a, v, S("installed"), f->installed.version);
    value_set_str(a, v, S("candidate"), f->candidate.version);
    value_set_bool(a, v, S("security"), f->candidate.security);
    value_set_str(a, v, S("state"), str_of(patch_state_name(p->decision.state)));
    value_set_str(a, v, S("reason"), p->decision.reason);
    value_set_bool(a, v, S("update"), f->has_update);
    value_set_str(a, v, S("origin"), f->candidate.origin);
    value_set_str(a, v, S("section"), f->candidate.section);
    value_set_str(a, v, S("priority"), f->candidate.priority);
    value_set_str(a, v, S("classification"), p->decision.classification);
    value_set_str(a, v, S("level"), str_of(compliance_level_name(p->decision.level)));
    value_set_bool(a, v, S("held"), f->held);
    value_set_bool(a, v, S("pinned"), str_is_set(f->hidden));
    value_set_bool(a, v, S("phased"), f->phased);
    value_set_bool(a, v, S("broken"), f->broken);
    if (!is_worth_a_row(p, PRINT_WORTH_A_LOOK))
        return v;
    const struct baseline_chain chain = baseline_explain(a, scan->baseline, f, scan->decided_at);
    value_set(a, v, S("chain"), baseline_chain_json(a, &chain));
    return v;
}

static struct value *json_summary(struct arena *a, const struct scan *scan)
{
    struct value *v = value_map(a);

    value_set_int(a, v, S("packages"), (int64_t)scan->packages.count);
    value_set_int(a, v, S("updates"), (int64_t)scan->n_updates);
    for (int state = PATCH_INSTALLED; state < PATCH_STATES; state++)
        value_set_int(a, v, str_of(patch_state_name((enum patch_state)state)),
                      (int64_t)scan->n_state[state]);
    value_set_int(a, v, S("securitySources"), (int64_t)scan->packages.n_security_sources);
    value_set_bool(a, v, S("compliant"), scan->is_compliant);
    return v;
}

struct value *print_json(struct arena *a, const struct scan *scan)
{
    struct value *doc = value_map(a), *host = value_map(a), *baseline = value_map(a);
    struct value *packages = value_list(a);

    value_set_str(a, host, S("os"), str_of(patch_os_info(scan->host->os)->name));
    value_set_str(a, host, S("product"), scan->host->product);
    value_set_str(a, host, S("release"), scan->host->codename);
    value_set_str(a, baseline, S("id"), scan->baseline->id);
    value_set_str(a, baseline, S("name"), scan->baseline->name);
    for (size_t i = 0; i < scan->packages.count; i++)
        value_append(a, packages, json_package(a, scan, &scan->packages.items[i]));
    value_set(a, doc, S("host"), host);
    value_set(a, doc, S("baseline"), baseline);
    value_set(a, doc, S("summary"), json_summary(a, scan));
    value_set(a, doc, S("packages"), packages);
    return doc;
}
