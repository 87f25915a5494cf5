/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/checks.h"

#include "engine/rate.h"

static const struct field target_fields[] = {
    STRING(struct target, key, "Key", OPTIONAL, LENGTH(1, 163)),
    STRINGS(struct target, values, "Values", OPTIONAL, .min = 0, .max = 50),
};
const struct shape target_shape = SHAPE("Target", struct target, target_fields);

static const struct field tag_fields[] = {
    STRING(struct tag, key, "Key", REQUIRED, LENGTH(1, 128)),
    STRING(struct tag, value, "Value", REQUIRED, LENGTH(1, 256)),
};
const struct shape ssm_tag_shape = SHAPE("Tag", struct tag, tag_fields);

static bool is_sized(struct str s, size_t min, size_t max)
{
    return s.len >= min && s.len <= max;
}

bool check_document_name(struct str s)
{
    return is_sized(s, 3, 128) && str_is_word(s, "_-.");
}

bool check_document_arn(struct str s)
{
    return is_sized(s, 3, 128) && str_is_word(s, "_-.:/");
}

bool check_version_number(struct str s)
{
    return is_sized(s, 1, 18) && s.p[0] != '0' && str_is_digits(s);
}

bool check_document_version(struct str s)
{
    return str_eq(s, S("$LATEST")) || str_eq(s, S("$DEFAULT")) || check_version_number(s);
}

bool check_version_name(struct str s)
{
    return is_sized(s, 1, 128) && str_is_word(s, "_-.");
}

bool check_target_type(struct str s)
{
    return str_starts(s, S("/")) && str_is_word(s, "_.-:/");
}

bool check_display_name(struct str s)
{
    return str_is_word(s, "_.-:/ ");
}

bool check_managed_instance_id(struct str s)
{
    return s.len == 20 && str_starts(s, S("mi-")) && str_is_word(str_from(s, 3), "_");
}

bool check_instance_id(struct str s)
{
    if (str_starts(s, S("i-")))
        return (s.len == 10 || s.len == 19) && str_is_word(str_from(s, 2), "_");
    return check_managed_instance_id(s);
}

bool check_uuid(struct str s)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (s.len != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f') ||
                      (s.p[i] >= 'A' && s.p[i] <= 'F');
        if (form[i] == '-' ? s.p[i] != '-' : !is_hex)
            return false;
    }
    return true;
}

bool check_activation_id(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F')
            return false;
    return check_uuid(s);
}

int check_rates(struct op *op, struct str max_concurrency, struct str max_errors)
{
    struct rate_limit limit;

    if (str_is_set(max_concurrency) && rate_parse_concurrency(max_concurrency, &limit) != 0)
        return op_invalid(op, "MaxConcurrency must be a number from 1, or a percentage.");
    if (str_is_set(max_errors) && rate_parse_errors(max_errors, &limit) != 0)
        return op_invalid(op, "MaxErrors must be a number, or a percentage.");
    return 0;
}
