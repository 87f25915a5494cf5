/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_baseline.h"

#include "api/tags.h"
#include "base/json.h"
#include "engine/baseline_doc.h"
#include "svc/ssm/errors.h"

bool patch_baseline_is_predefined(const struct baseline *b)
{
    return baseline_default_by_id(b->id) != NULL;
}

struct str patch_baseline_arn(struct op *op, struct str id)
{
    return op_arn(op, "ssm", "patchbaseline/%.*s", STR(id));
}

struct str patch_baseline_resource(struct op *op, struct str id)
{
    return str_starts(id, S("arn:")) ? id : patch_baseline_arn(op, id);
}

struct str patch_baseline_shown_id(struct op *op, const struct baseline *b)
{
    if (!patch_baseline_is_predefined(b))
        return b->id;
    return arena_fmt(op->arena, "arn:aws:ssm:%.*s:%.*s:patchbaseline/%.*s", STR(op->region),
                     STR(b->account), STR(b->id));
}

int patch_os_of_request(struct op *op, struct str name, enum patch_os *ret)
{
    if (!str_is_set(name))
        name = S("WINDOWS");
    *ret = patch_os_parse(name);
    if (*ret == PATCH_OS_NONE)
        return op_invalid(op,
                          "1 validation error detected: Value '%.*s' at 'operatingSystem' failed "
                          "to satisfy constraint: Member must satisfy enum value set",
                          STR(name));
    return 0;
}

/* --- finding -------------------------------------------------------------- */

static int none_such(struct op *op, struct str id)
{
    return op_fail(op, SSM_DOES_NOT_EXIST, "Patch Baseline with id %.*s does not exist", STR(id));
}

/* An ARN must be of here: of this account, or of the owner of the predefined ones. */
static int short_id(struct op *op, struct str id, struct str *ret)
{
    const struct baseline *predefined = baseline_default_by_id(id);
    struct arn arn;

    *ret = id;
    if (!str_starts(id, S("arn:")))
        return 0;
    struct str owner = predefined ? predefined->account : op->account;
    if (!arn_parse(id, &arn) || !str_eq(arn.service, S("ssm")) || !str_eq(arn.region, op->region) ||
        !str_eq(arn.account, owner) || !str_starts(arn.resource, S("patchbaseline/")))
        return none_such(op, id);
    *ret = str_from(arn.resource, strlen("patchbaseline/"));
    return 0;
}

static int from_row(struct op *op, const struct baseline_row *row, struct baseline *ret)
{
    struct baseline_snapshot snapshot;
    struct value *document;

    TRY(json_parse(op->arena, row->document, &document, NULL));
    TRY(baseline_parse(op->arena, document, &snapshot, NULL));
    *ret = snapshot.baseline;
    return 0;
}

int patch_baseline_find(struct op *op, struct str id, struct baseline *ret)
{
    const struct baseline *predefined;
    struct baseline_row row;

    PASS(short_id(op, id, &id));
    predefined = baseline_default_by_id(id);
    if (predefined) {
        *ret = *predefined;
        return 0;
    }
    int found = patch_baseline_get(op, id, &row);
    if (found == DB_NO_ROW)
        return none_such(op, id);
    TRY(found);
    TRY(from_row(op, &row, ret));
    return 0;
}

int patch_baseline_default(struct op *op, enum patch_os os, struct baseline *ret)
{
    const struct baseline *predefined = baseline_default(os);
    struct str id;

    int found = patch_default_get(op, os, &id);
    if (found == 0)
        return patch_baseline_find(op, id, ret);
    if (found != DB_NO_ROW)
        TRY(found);
    if (!predefined)
        return op_fail(op, OP_UNSUPPORTED, "There is no patch baseline for %s here.",
                       patch_os_info(os)->name);
    *ret = *predefined;
    return 0;
}

int patch_baseline_for_group(struct op *op, struct str group, enum patch_os os,
                             struct baseline *ret)
{
    struct str id;

    int found = patch_group_get(op, group, os, &id);
    if (found == DB_NO_ROW)
        return patch_baseline_default(op, os, ret);
    TRY(found);
    return patch_baseline_find(op, id, ret);
}

/* --- a node's ------------------------------------------------------------------------------------
 */

/* PlatformName is the NAME of os-release, as agents tell it, and its case is not to be
 * relied on; ID is what systems are known by. */
static enum patch_os os_of_node(const struct node *n)
{
    static const struct {
        struct str prefix, id;
    } names[] = {
        { S_INIT("alma"), S_INIT("almalinux") }, { S_INIT("amazon"), S_INIT("amzn") },
        { S_INIT("centos"), S_INIT("centos") },  { S_INIT("debian"), S_INIT("debian") },
        { S_INIT("oracle"), S_INIT("ol") },      { S_INIT("raspbian"), S_INIT("raspbian") },
        { S_INIT("red hat"), S_INIT("rhel") },   { S_INIT("rocky"), S_INIT("rocky") },
        { S_INIT("sles"), S_INIT("sles") },      { S_INIT("suse"), S_INIT("sles") },
        { S_INIT("ubuntu"), S_INIT("ubuntu") },
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(str_slice(n->platform_name, 0, names[i].prefix.len), names[i].prefix))
            return patch_os_of_release(names[i].id, n->platform_version);
    return PATCH_OS_NONE;
}

/* Exactly these two keys; the one with the space is the older. */
static int group_of_node(struct op *op, const struct node *n, struct str *ret)
{
    struct tag *tags;
    size_t count;

    *ret = S("");
    TRY(tags_of(op->db, op->arena, node_arn(op, n->id), &tags, &count));
    for (size_t i = 0; i < count; i++)
        if (str_eq(tags[i].key, S("Patch Group")) ||
            (str_eq(tags[i].key, S("PatchGroup")) && ret->len == 0))
            *ret = tags[i].value;
    return 0;
}

int patch_choose(struct op *op, const struct node *n, struct patch_choice *ret)
{
    *ret = (struct patch_choice){ .os = os_of_node(n) };
    if (ret->os == PATCH_OS_NONE || !baseline_default(ret->os))
        return op_fail(op, SSM_UNSUPPORTED_OPERATING_SYSTEM,
                       "The operating system of %.*s (%.*s %.*s) is not supported.", STR(n->id),
                       STR(n->platform_name), STR(n->platform_version));
    ret->product = patch_os_product(op->arena, ret->os, n->platform_version);
    TRY(group_of_node(op, n, &ret->group));
    if (ret->group.len > 0)
        TRY(patch_baseline_for_group(op, ret->group, ret->os, &ret->baseline));
    else
        TRY(patch_baseline_default(op, ret->os, &ret->baseline));
    return 0;
}
