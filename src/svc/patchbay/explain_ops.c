/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExplainPatch: why a package of a node is in its state, decided here and now by the
 * same function as on the host, on the facts that the host last told.
 */
#include "base/json.h"
#include "base/time.h"
#include "engine/baseline_explain.h"
#include "svc/patchbay/errors.h"
#include "svc/patchbay/node.h"
#include "svc/patchbay/operations.h"

#define OLD_AFTER   (2 * MSEC_DAY) /* a host is usually scanned each day */
#define MATCHES_MAX 50             /* a package of that name in several architectures or versions */

struct explain_in {
    struct str node, package;
};

struct link_view {
    struct str step, says, text, notice;
    int64_t rule;
    msec approved_at;
};

struct package_view {
    struct str name, arch, installed, candidate, state, level, classification, reason;
    bool has_update, compliant, install;
    struct list chain;
};

struct explain_out {
    struct str node, os, product, group, baseline, baseline_name, operation, reported_baseline;
    msec captured_at, received_at;
    bool are_old;
    struct strs notes;
    struct list packages;
};

/* clang-format off */
static const struct field in_fields[] = {
    STRING(struct explain_in, node,    "InstanceId", REQUIRED, LENGTH(1, 100)),
    STRING(struct explain_in, package, "Package",    REQUIRED, LENGTH(1, 320)),
};
static const struct shape in_shape = SHAPE("ExplainPatchRequest", struct explain_in, in_fields);

static const struct field link_fields[] = {
    STRING(struct link_view,    step,        "Step",         REQUIRED),
    INTEGER(struct link_view,   rule,        "Rule",         OPTIONAL),
    STRING(struct link_view,    says,        "Says",         REQUIRED),
    STRING(struct link_view,    text,        "Text",         REQUIRED),
    STRING(struct link_view,    notice,      "Notice",       OPTIONAL),
    TIMESTAMP(struct link_view, approved_at, "ApprovalDate", OPTIONAL),
};
static const struct shape link_shape = SHAPE("PatchExplanationLink", struct link_view, link_fields);

#define P struct package_view
static const struct field package_fields[] = {
    STRING(P,  name,           "Name",             REQUIRED),
    STRING(P,  arch,           "Arch",             REQUIRED),
    STRING(P,  installed,      "InstalledVersion", OPTIONAL),
    STRING(P,  candidate,      "CandidateVersion", OPTIONAL),
    BOOLEAN(P, has_update,     "HasUpdate",        REQUIRED),
    STRING(P,  state,          "State",            REQUIRED),
    BOOLEAN(P, compliant,      "Compliant",        REQUIRED),
    STRING(P,  level,          "ComplianceLevel",  REQUIRED),
    STRING(P,  classification, "Classification",   OPTIONAL),
    BOOLEAN(P, install,        "WouldInstall",     REQUIRED),
    STRING(P,  reason,         "Reason",           REQUIRED),
    LIST(P,    chain,          "Chain",            REQUIRED, link_shape),
};
#undef P
static const struct shape package_shape =
    SHAPE("PatchExplanation", struct package_view, package_fields);

#define O struct explain_out
static const struct field out_fields[] = {
    STRING(O,    node,              "InstanceId",         REQUIRED),
    STRING(O,    os,                "OperatingSystem",    REQUIRED),
    STRING(O,    product,           "Product",            REQUIRED),
    STRING(O,    group,             "PatchGroup",         REQUIRED),
    STRING(O,    baseline,          "BaselineId",         REQUIRED),
    STRING(O,    baseline_name,     "BaselineName",       REQUIRED),
    TIMESTAMP(O, captured_at,       "CaptureTime",        REQUIRED),
    TIMESTAMP(O, received_at,       "ReceivedTime",       REQUIRED),
    BOOLEAN(O,   are_old,           "FactsAreOld",        REQUIRED),
    STRING(O,    operation,         "Operation",          REQUIRED),
    STRING(O,    reported_baseline, "ReportedBaselineId", REQUIRED),
    STRINGS(O,   notes,             "Notes",              REQUIRED),
    LIST(O,      packages,          "Packages",           REQUIRED, package_shape),
};
#undef O
static const struct shape out_shape =
    SHAPE("ExplainPatchResponse", struct explain_out, out_fields);
/* clang-format on */

/* --- the chain of each package ---------------------------------------------- */

static struct package_view view(struct op *op, const struct patch_facts *f,
                                const struct baseline_chain *c)
{
    const struct baseline_decision *d = &c->decision;
    struct link_view *links = arena_array(op->arena, struct link_view, c->count);

    for (size_t i = 0; i < c->count; i++)
        links[i] = (struct link_view){
            .step = str_of(baseline_step_name(c->links[i].step)),
            .says = c->links[i].says,
            .text = c->links[i].text,
            .notice = c->links[i].notice,
            .rule = c->links[i].rule ? c->links[i].rule : UNSET,
            .approved_at = c->links[i].approved_at ? c->links[i].approved_at : UNSET,
        };
    return (struct package_view){
        .name = f->name,
        .arch = f->arch,
        .installed = f->installed.version,
        .candidate = f->candidate.version,
        .has_update = f->has_update,
        .state = str_of(patch_state_api(d->state)),
        .compliant = patch_state_is_compliant(d->state),
        .level = str_of(compliance_level_name(d->level)),
        .classification = str_is_empty(d->classification) ? (struct str){ 0 } : d->classification,
        .install = d->install,
        .reason = d->reason,
        .chain = { links, c->count },
    };
}

static int explain_all(struct op *op, const struct explain_in *in, const struct baseline *b,
                       const struct facts_doc *facts, struct explain_out *out)
{
    struct package_view *items = arena_array(op->arena, struct package_view, MATCHES_MAX);

    out->packages.items = items;
    for (size_t i = 0; i < facts->count && out->packages.count < MATCHES_MAX; i++) {
        const struct patch_facts *f = &facts->packages[i];
        struct baseline_chain chain;

        if (!patch_facts_named(f, in->package))
            continue;
        chain = baseline_explain(op->arena, b, f, op->now);
        items[out->packages.count++] = view(op, f, &chain);
    }
    if (out->packages.count == 0)
        return op_fail(op, PATCHBAY_NO_PACKAGE,
                       "%.*s was not installed on %.*s when it was last looked at, %.*s.",
                       STR(in->package), STR(in->node), STR(time_iso(op->arena, out->captured_at)));
    return 0;
}

/* --- what must be known beside the chain ------------------------------------ */

struct noter {
    struct op *op;
    struct strs notes;
    size_t capacity;
};

static void note(struct noter *n, struct str text)
{
    n->notes.items = ARENA_GROW(n->op->arena, n->notes.items, n->notes.count, &n->capacity);
    n->notes.items[n->notes.count++] = text;
}

static int note_later_run(struct noter *n, const struct host_facts *held)
{
    struct op *op = n->op;
    struct patch_run_facts *runs;
    size_t count;

    TRY(op->plane->nodes->patch_runs(op->db, op->arena, held->node, INT64_MAX, 1, &runs, &count));
    if (count > 0 && runs[0].ended_at > held->captured_at)
        note(n, arena_fmt(op->arena,
                          "the run that ended %.*s told no facts: these are of the one before",
                          STR(time_iso(op->arena, runs[0].ended_at))));
    return 0;
}

static int note_all(struct op *op, const struct host_facts *held, const struct facts_doc *facts,
                    const struct patch_basis *basis, struct explain_out *out)
{
    struct noter n = { .op = op };
    struct arena *a = op->arena;

    out->are_old = op->now - held->received_at > OLD_AFTER;
    if (out->are_old)
        note(&n, arena_fmt(a, "the facts are %lld days old",
                           (long long)((op->now - held->received_at) / MSEC_DAY)));
    TRY(note_later_run(&n, held));
    if (!str_eq(held->baseline, basis->baseline.id))
        note(&n,
             arena_fmt(a, "the node's last report was by the baseline %.*s", STR(held->baseline)));
    if (facts->os != basis->baseline.os)
        note(&n,
             arena_fmt(a, "the facts are of %s, the baseline is for %s",
                       patch_os_info(facts->os)->name, patch_os_info(basis->baseline.os)->name));
    if (str_is_set(held->install_override_list))
        note(&n, arena_fmt(a, "the last %.*s installed what %.*s named, whatever the baseline says",
                           STR(held->operation), STR(held->install_override_list)));
    if (facts->n_security_sources == 0)
        note(&n, S("the host has no package lists of a security source: missing security updates "
                   "cannot be seen"));
    out->notes = n.notes;
    return 0;
}

/* --- ExplainPatch ------------------------------------------------------------ */

static int load(struct op *op, struct str node, struct host_facts *ret, struct facts_doc *ret_doc)
{
    const struct blob_port *blobs = &op->plane->blobs;
    struct value *doc;
    struct str text;

    int found = op->plane->nodes->facts(op->db, op->arena, node, ret);
    if (found == PORT_NONE)
        return op_fail(op, PATCHBAY_NO_FACTS,
                       "%.*s has told no facts about its packages: it was never scanned by "
                       "patchbay-patch.",
                       STR(node));
    TRY(found);
    TRY(blobs->get(blobs->context, ret->blob, FACTS_DOC_MAX_BYTES, op->arena, &text));
    TRY(json_parse(op->arena, text, &doc, NULL));
    TRY(facts_parse(op->arena, doc, ret_doc, NULL));
    return 0;
}

static int explain(struct op *op, const struct explain_in *in, struct explain_out *out)
{
    struct node_facts node;
    struct host_facts held;
    struct facts_doc facts;
    struct patch_basis basis;

    PASS(patchbay_node(op, in->node, &node));
    PASS(load(op, in->node, &held, &facts));
    int chosen = op->plane->nodes->patch_basis(op, in->node, &basis);
    if (chosen == PORT_NONE)
        return op_fail(op, PATCHBAY_NO_BASELINE, "No baseline is for the system of %.*s.",
                       STR(in->node));
    TRY(chosen);
    *out = (struct explain_out){
        .node = in->node,
        .os = str_of(patch_os_info(facts.os)->name),
        .product = facts.product,
        .group = basis.group,
        .baseline = basis.baseline.id,
        .baseline_name = basis.baseline.name,
        .captured_at = held.captured_at,
        .received_at = held.received_at,
        .operation = held.operation,
        .reported_baseline = held.baseline,
    };
    TRY(note_all(op, &held, &facts, &basis, out));
    PASS(explain_all(op, in, &basis.baseline, &facts, out));
    return 0;
}
OP_HANDLER(explain)

/* clang-format off */
const struct operation explain_operations[] = {
    OP("ExplainPatch", explain, in_shape, out_shape, OP_READS | OP_OURS,
       RAISES(PATCHBAY_NO_BASELINE, PATCHBAY_NO_FACTS, PATCHBAY_NO_NODE, PATCHBAY_NO_PACKAGE)),
    OP_END,
};
/* clang-format on */
