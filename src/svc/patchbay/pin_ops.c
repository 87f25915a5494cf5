/* SPDX-License-Identifier: Apache-2.0 */
/* PinPatchVersions of nodes; ListPatchPins and ListPatchDrift of whoever looks. */
#include "api/ports.h"
#include "svc/patchbay/errors.h"
#include "svc/patchbay/node.h"
#include "svc/patchbay/operations.h"
#include "svc/patchbay/pin.h"

#define PINS_A_CALL 2000
#define PAGE_MAX    500

static bool check_word(struct str s)
{
    return str_is_word(s, "+-.:~_^");
}

static bool check_snapshot(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((i == 8 || i == 13 || i == 18 || i == 23) ? s.p[i] != '-'
                                                      : !strchr("0123456789abcdefABCDEF", s.p[i]))
            return false;
    return s.len == 36;
}

/* clang-format off */
#define CHECK_WORD .matches = check_word, .pattern = "^[a-zA-Z0-9+.:~_^-]+$"
#define CHECK_SNAPSHOT                                                                             \
    LENGTH(36, 36), .matches = check_snapshot,                                                     \
    .pattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

/* --- PinPatchVersions ----------------------------------------------------- */

struct put_in {
    struct str node, snapshot;
    struct list packages;
};

struct put_out {
    struct list packages;
};

static const struct field wanted_fields[] = {
    STRING(struct pin, name,    "Name",         REQUIRED, LENGTH(1, 256), CHECK_WORD),
    STRING(struct pin, arch,    "Architecture", REQUIRED, LENGTH(1, 32),  CHECK_WORD),
    STRING(struct pin, version, "Version",      REQUIRED, LENGTH(1, 256), CHECK_WORD),
};
static const struct shape wanted_shape = SHAPE("WantedPatchVersion", struct pin, wanted_fields);

static const struct field put_in_fields[] = {
    STRING(struct put_in, node,     "InstanceId", REQUIRED, LENGTH(1, 100)),
    STRING(struct put_in, snapshot, "SnapshotId", REQUIRED, CHECK_SNAPSHOT),
    LIST(struct put_in,   packages, "Packages",   REQUIRED, wanted_shape, .min = 1, .max = PINS_A_CALL),
};
static const struct shape put_in =
    SHAPE_OPEN("PinPatchVersionsRequest", struct put_in, put_in_fields);

static const struct field pinned_fields[] = {
    STRING(struct pin, name,    "Name",         REQUIRED),
    STRING(struct pin, arch,    "Architecture", REQUIRED),
    STRING(struct pin, version, "Version",      REQUIRED),
    STRING(struct pin, node,    "InstanceId",   REQUIRED),
};
static const struct shape pinned_shape = SHAPE("PinnedPatchVersion", struct pin, pinned_fields);

static const struct field put_out_fields[] = {
    LIST(struct put_out, packages, "Packages", REQUIRED, pinned_shape),
};
static const struct shape put_out =
    SHAPE("PinPatchVersionsResponse", struct put_out, put_out_fields);
/* clang-format on */

static int open_set(struct op *op, const struct put_in *in, struct pin_set *ret)
{
    struct node_facts node;
    struct patch_basis basis;

    PASS(patchbay_node(op, in->node, &node));
    PASS(op->plane->nodes->may_report(op, in->node));
    int found = op->plane->nodes->patch_basis(op, in->node, &basis);
    if (found == PORT_NONE)
        return op_fail(op, PATCHBAY_NO_BASELINE,
                       "There is no patch baseline for the system of %.*s.", STR(in->node));
    TRY(found);
    const struct pin_scope scope = { in->snapshot, basis.group,
                                     str_of(patch_os_info(basis.baseline.os)->name) };
    TRY(pin_set_open(op, &scope, ret));
    return 0;
}

/* All in the one transaction of this call, so of two nodes that come at once one is first
 * with all that they both want. */
static int put_pins(struct op *op, const struct put_in *in, struct put_out *out)
{
    struct pin *pins = arena_array(op->arena, struct pin, in->packages.count);
    struct pin_set set = { 0 };

    PASS(open_set(op, in, &set));
    for (size_t i = 0; i < in->packages.count; i++) {
        struct pin wanted = *LIST_ITEM(struct pin, in->packages, i);
        wanted.node = in->node;
        int put = pin_put(op, &set, &wanted, &pins[i]);
        if (put == PIN_TOO_MANY)
            return op_fail(op, PATCHBAY_TOO_MANY_PINS,
                           "The run has %d pinned packages, and can have no more.", PINS_MAX);
        TRY(put);
    }
    out->packages = (struct list){ pins, in->packages.count };
    return 0;
}
OP_HANDLER(put_pins)

/* --- ListPatchPins, ListPatchDrift ---------------------------------------- */

struct list_in {
    struct str snapshot, next_token;
    int64_t max_results;
};

struct list_out {
    struct list rows;
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    STRING(struct list_in,  snapshot,    "SnapshotId", REQUIRED, CHECK_SNAPSHOT),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(100)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL, LENGTH(1, 4096)),
};
static const struct shape list_in = SHAPE("ListPatchPinsRequest", struct list_in, list_in_fields);

#define P struct pin_row
static const struct field pin_fields[] = {
    STRING(P,    patch_group, "PatchGroup",      REQUIRED),
    STRING(P,    os,          "OperatingSystem", REQUIRED),
    STRING(P,    name,        "Name",            REQUIRED),
    STRING(P,    arch,        "Architecture",    REQUIRED),
    STRING(P,    version,     "Version",         REQUIRED),
    STRING(P,    node,        "InstanceId",      REQUIRED),
    TIMESTAMP(P, pinned_at,   "PinnedTime",      REQUIRED),
};
#undef P
static const struct shape pin_shape = SHAPE("PatchPin", struct pin_row, pin_fields);

static const struct field pins_out_fields[] = {
    LIST(struct list_out,   rows,       "PatchPins", REQUIRED, pin_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape pins_out =
    SHAPE("ListPatchPinsResponse", struct list_out, pins_out_fields);

#define D struct drift_row
static const struct field drift_fields[] = {
    STRING(D,    node,        "InstanceId",      REQUIRED),
    STRING(D,    patch_group, "PatchGroup",      REQUIRED),
    STRING(D,    os,          "OperatingSystem", REQUIRED),
    STRING(D,    name,        "Name",            REQUIRED),
    STRING(D,    arch,        "Architecture",    REQUIRED),
    STRING(D,    pinned,      "PinnedVersion",   REQUIRED),
    STRING(D,    offered,     "OfferedVersion",  REQUIRED),
    TIMESTAMP(D, found_at,    "FoundTime",       REQUIRED),
};
#undef D
static const struct shape drift_shape = SHAPE("PatchDrift", struct drift_row, drift_fields);

static const struct field drift_out_fields[] = {
    LIST(struct list_out,   rows,       "PatchDrift", REQUIRED, drift_shape),
    STRING(struct list_out, next_token, "NextToken",  OPTIONAL),
};
static const struct shape drift_out =
    SHAPE("ListPatchDriftResponse", struct list_out, drift_out_fields);
/* clang-format on */

/* None of the words of a position has a blank. */
static int open_page(struct op *op, struct str token, struct pin_position *ret)
{
    struct str position, words[4];

    *ret = (struct pin_position){ .name = S(""), .arch = S(""), .node = S("") };
    PASS(page_open(op, token, &position));
    if (!str_is_set(position))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!str_next(&position, ' ', &words[i]))
            return op_invalid(op, "The specified token is not valid.");
    if (!str_to_int(words[0], &ret->set))
        return op_invalid(op, "The specified token is not valid.");
    ret->name = words[1];
    ret->arch = words[2];
    ret->node = words[3];
    return 0;
}

static struct str token_of(struct op *op, int64_t set, struct str name, struct str arch,
                           struct str node)
{
    return page_token(op, arena_fmt(op->arena, "%lld %.*s %.*s %.*s", (long long)set, STR(name),
                                    STR(arch), STR(node)));
}

static int list_pins(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct pin_position after;
    struct pin_row *rows;
    size_t count, max = (size_t)in->max_results;

    PASS(open_page(op, in->next_token, &after));
    TRY(pin_list(op, in->snapshot, &after, in->max_results + 1, &rows, &count));
    if (count > max)
        out->next_token =
            token_of(op, rows[max - 1].pin_set, rows[max - 1].name, rows[max - 1].arch, S(""));
    out->rows = (struct list){ rows, count > max ? max : count };
    return 0;
}
OP_HANDLER(list_pins)

static int list_drift(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct pin_position after;
    struct drift_row *rows;
    size_t count, max = (size_t)in->max_results;

    PASS(open_page(op, in->next_token, &after));
    TRY(drift_list(op, in->snapshot, &after, in->max_results + 1, &rows, &count));
    if (count > max)
        out->next_token = token_of(op, rows[max - 1].pin_set, rows[max - 1].name,
                                   rows[max - 1].arch, rows[max - 1].node);
    out->rows = (struct list){ rows, count > max ? max : count };
    return 0;
}
OP_HANDLER(list_drift)

/* clang-format off */
const struct operation pin_operations[] = {
    OP("PinPatchVersions", put_pins, put_in, put_out, OP_WRITES | OP_OURS | OP_OWN_AUTH,
       RAISES(PATCHBAY_NO_BASELINE, PATCHBAY_NO_NODE, PATCHBAY_TOO_MANY_PINS)),
    OP("ListPatchPins", list_pins, list_in, pins_out, OP_READS | OP_OURS, RAISES_NOTHING),
    OP("ListPatchDrift", list_drift, list_in, drift_out, OP_READS | OP_OURS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
