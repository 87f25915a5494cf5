/* SPDX-License-Identifier: Apache-2.0 */
/* DescribePatchProperties: the values that rules for a system can name, as its hosts have them. */
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_baseline.h"
#include "svc/ssm/patch/patch_facts.h"
#include "wire/shape.h"

#define PAGE_MAX 50

struct properties_in {
    struct str os, property, next_token;
    int64_t max_results;
};

struct properties_out {
    struct value *properties; /* a list of maps */
    struct str next_token;
};

static const char *const properties[] = {
    "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY", "PRIORITY", "SEVERITY", NULL
};

/* clang-format off */
static const struct field in_fields[] = {
    STRING(struct properties_in,  os,          "OperatingSystem", REQUIRED),
    STRING(struct properties_in,  property,    "Property",        REQUIRED, .values = properties),
    INTEGER(struct properties_in, max_results, "MaxResults",      OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct properties_in,  next_token,  "NextToken",       OPTIONAL),
};
static const struct shape in_shape =
    SHAPE("DescribePatchPropertiesRequest", struct properties_in, in_fields);

static const struct field out_fields[] = {
    DOCUMENT(struct properties_out, properties, "Properties", OPTIONAL),
    STRING(struct properties_out,   next_token, "NextToken",  OPTIONAL),
};
static const struct shape out_shape =
    SHAPE("DescribePatchPropertiesResult", struct properties_out, out_fields);
/* clang-format on */

static int describe_properties(struct op *op, const struct properties_in *in,
                               struct properties_out *out)
{
    enum patch_os os;
    enum patch_key key;
    struct str after;
    struct strs values;
    size_t max = (size_t)in->max_results;

    PASS(patch_os_of_request(op, in->os, &os));
    if (patch_os_info(os)->family == PATCH_FAMILY_NONE)
        return op_fail(op, OP_UNSUPPORTED, "There are no %s hosts here.", patch_os_info(os)->name);
    if (!patch_key_parse(os, in->property, &key))
        return op_invalid(op, "The property %.*s is not supported for %s.", STR(in->property),
                          patch_os_info(os)->name);
    PASS(page_open(op, in->next_token, &after));
    TRY(patch_offer_values(op, str_of(patch_os_info(os)->name), key, str_or_empty(after),
                           in->max_results + 1, &values));
    out->properties = value_list(op->arena);
    for (size_t i = 0; i < values.count && i < max; i++) {
        struct value *map = value_map(op->arena);

        value_set_str(op->arena, map, S("Name"), values.items[i]);
        value_append(op->arena, out->properties, map);
    }
    if (values.count > max)
        out->next_token = page_token(op, values.items[max - 1]);
    return 0;
}
OP_HANDLER(describe_properties)

/* clang-format off */
const struct operation patch_properties_operations[] = {
    OP("DescribePatchProperties", describe_properties, in_shape, out_shape, OP_READS,
       RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
