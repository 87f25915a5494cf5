/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/compliance/compliance.h"

#include "base/buf.h"
#include "base/json.h"
#include "store/db.h"
#include "svc/ssm/inventory/inventory.h"

static struct str counts_text(struct op *op, const struct severity_counts *counts)
{
    struct buf b = buf_in(op->arena);

    for (int i = 0; i < COMPLIANCE_LEVELS; i++)
        buf_fmt(&b, "%s%lld", i ? "," : "", (long long)counts->by_level[i]);
    return buf_str(&b);
}

struct severity_counts compliance_counts(struct str text)
{
    struct severity_counts counts = { 0 };
    struct str piece;

    for (int i = 0; i < COMPLIANCE_LEVELS && str_next(&text, ',', &piece); i++) {
        (void)str_to_int(piece, &counts.by_level[i]);
        counts.all += counts.by_level[i];
    }
    return counts;
}

void compliance_sum_up(struct op *op, const struct value *items, struct compliance *c)
{
    struct severity_counts good = { 0 }, bad = { 0 };
    enum compliance_level worst = COMPLIANCE_UNSPECIFIED;

    for (size_t i = 0; i < value_count(items); i++) {
        const struct value *item = value_at(items, i);
        bool is_good = str_eq(value_get_str(item, S("Status")), S("COMPLIANT"));
        enum compliance_level level = COMPLIANCE_UNSPECIFIED;
        (void)compliance_level_parse(value_get_str(item, S("Severity")), &level);
        struct severity_counts *counts = is_good ? &good : &bad;
        counts->all++;
        counts->by_level[level]++;
        if (!is_good && level > worst)
            worst = level;
    }
    c->status = bad.all ? S("NON_COMPLIANT") : S("COMPLIANT");
    c->severity = str_of(compliance_level_name(worst));
    c->compliant = counts_text(op, &good);
    c->non_compliant = counts_text(op, &bad);
}

static int content_of(struct op *op, const struct compliance *c, struct str *ret)
{
    struct inventory_item item;
    struct compliance whole;

    if (str_eq(c->type, S(COMPLIANCE_PATCH))) {
        PASS(inventory_get(op, c->resource, S(INVENTORY_COMPLIANCE), &item));
        *ret = item.content;
        return 0;
    }
    PASS(compliance_get(op, c->resource, c->type, &whole));
    *ret = whole.content;
    return 0;
}

int compliance_items(struct op *op, const struct compliance *c, struct value **ret)
{
    struct str content;

    *ret = value_list(op->arena);
    int found = content_of(op, c, &content);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(json_parse(op->arena, content, ret, NULL));
    return 0;
}
