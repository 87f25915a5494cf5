/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/inventory/inventory.h"

#include "svc/ssm/errors.h"

/* What nodes may report. AWS:InstanceInformation, AWS:Tag, AWS:ResourceGroup and
 * AWS:ComplianceSummary are facts of the plane itself. */
static const struct {
    struct str name, version;
} types[] = {
    { S_INIT("AWS:Application"), S_INIT("1.1") },
    { S_INIT("AWS:AWSComponent"), S_INIT("1.0") },
    { S_INIT("AWS:BillingInfo"), S_INIT("1.0") },
    { S_INIT("AWS:ComplianceItem"), S_INIT("1.0") },
    { S_INIT("AWS:File"), S_INIT("1.0") },
    { S_INIT("AWS:InstanceDetailedInformation"), S_INIT("1.0") },
    { S_INIT("AWS:Network"), S_INIT("1.0") },
    { S_INIT("AWS:PatchSummary"), S_INIT("1.0") },
    { S_INIT("AWS:Service"), S_INIT("1.0") },
};

static int check_custom(struct op *op, struct str type)
{
    struct str name = str_from(type, strlen("Custom:"));
    int64_t n;

    if (name.len == 0 || name.p[0] < 'A' || name.p[0] > 'Z' || !str_is_word(name, "_-.:"))
        return op_fail(op, SSM_INVALID_TYPE_NAME, "The parameter type name %.*s is not valid.",
                       STR(type));
    TRY(inventory_count_custom(op, type, &n));
    if (n >= INVENTORY_MAX_CUSTOM)
        return op_fail(op, SSM_CUSTOM_SCHEMA_LIMIT_EXCEEDED,
                       "There are %d custom inventory types already.", INVENTORY_MAX_CUSTOM);
    return 0;
}

int inventory_check_type(struct op *op, struct str type, struct str version)
{
    if (str_starts(type, S("Custom:")))
        return check_custom(op, type);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!str_eq(type, types[i].name))
            continue;
        if (!str_eq(version, types[i].version))
            return op_fail(op, SSM_UNSUPPORTED_INVENTORY_SCHEMA_VERSION,
                           "Inventory item type %.*s does not have the schema version %.*s.",
                           STR(type), STR(version));
        return 0;
    }
    return op_fail(op, SSM_INVALID_TYPE_NAME, "The parameter type name %.*s is not valid.",
                   STR(type));
}

static int check_entry(struct op *op, struct str type, const struct value *entry)
{
    if (!value_is(entry, VALUE_MAP) || value_count(entry) > INVENTORY_MAX_MEMBERS)
        return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                       "An entry of %.*s is not a map of at most %d strings.", STR(type),
                       INVENTORY_MAX_MEMBERS);
    for (size_t i = 0; i < value_count(entry); i++) {
        const struct value_member *m = &entry->map.members[i];
        struct str text = value_str(m->value);
        if (!str_is_set(text) || m->key.len == 0 || m->key.len > INVENTORY_MAX_NAME ||
            str_utf8_len(text) > INVENTORY_MAX_VALUE)
            return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                           "The attribute %.*s of %.*s is not a string of at most %d characters.",
                           STR(str_slice(m->key, 0, INVENTORY_MAX_NAME)), STR(type),
                           INVENTORY_MAX_VALUE);
    }
    return 0;
}

int inventory_check_content(struct op *op, struct str type, const struct value *content)
{
    if (!value_is(content, VALUE_LIST) || value_count(content) > INVENTORY_MAX_ENTRIES)
        return op_fail(op, SSM_INVALID_ITEM_CONTENT,
                       "The content of %.*s is not a list of at most %d entries.", STR(type),
                       INVENTORY_MAX_ENTRIES);
    for (size_t i = 0; i < value_count(content); i++)
        PASS(check_entry(op, type, value_at(content, i)));
    return 0;
}
