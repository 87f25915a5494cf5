/* SPDX-License-Identifier: Apache-2.0 */
#include "functions/schedule-patching/settings.h"

#include "base/str.h"

#define MAX_ENTRIES   50  /* StartAutomationExecution: Accounts, Regions of a target location */
#define MAX_PARAMETER 512 /* and the length of a parameter's value */

struct reading {
    struct arena *a;
    struct str (*variable)(const char *name);
    struct str why; /* of the first mistake; absent: none */
};

static void complain(struct reading *r, const char *name, const char *what, struct str value)
{
    if (!str_is_set(r->why))
        r->why = arena_fmt(r->a, "%s: \"%.*s\" %s", name, STR(value), what);
}

/* --- forms ---------------------------------------------------------------- */

static bool is_account(struct str s)
{
    return s.len == 12 && str_is_digits(s);
}

static bool is_lower_word(struct str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9'))
            return false;
    return s.len >= min && s.len <= max;
}

/* ou-ROOT-UNIT */
static bool is_unit(struct str s)
{
    struct str root, unit;
    return str_starts(s, S("ou-")) && str_cut(str_from(s, 3), '-', &root, &unit) &&
           is_lower_word(root, 4, 32) && is_lower_word(unit, 8, 32);
}

static bool is_account_or_unit(struct str s)
{
    return is_account(s) || is_unit(s);
}

/* us-east-1, us-gov-west-1, ap-southeast-12 */
static bool is_region(struct str s)
{
    struct str part;
    size_t parts = 0, last = 0;

    if (s.len > 32)
        return false;
    while (str_next(&s, '-', &part)) {
        if (!is_lower_word(part, 1, 16) || last)
            return false;
        last = parts >= 2 && str_is_digits(part);
        parts++;
    }
    return last && parts <= 4;
}

static bool is_number(struct str s, int64_t min, int64_t max)
{
    int64_t n;
    return str_is_digits(s) && (s.len == 1 || s.p[0] != '0') && s.len <= 7 && str_to_int(s, &n) &&
           n >= min && n <= max;
}

static bool is_share(struct str s, int64_t min)
{
    if (str_ends(s, S("%")))
        return is_number(str_slice(s, 0, s.len - 1), min, 100);
    return is_number(s, min, 9999999);
}

static bool is_concurrency(struct str s)
{
    return is_share(s, 1);
}

static bool is_errors(struct str s)
{
    return is_share(s, 0);
}

static bool is_operation(struct str s)
{
    return str_eq(s, S("Scan")) || str_eq(s, S("Install"));
}

static bool is_reboot_option(struct str s)
{
    return str_eq(s, S("RebootIfNeeded")) || str_eq(s, S("NoReboot"));
}

static bool is_override_list(struct str s)
{
    return s.len <= MAX_PARAMETER && (str_starts(s, S("https://")) || str_starts(s, S("s3://")));
}

static bool is_role_name(struct str s)
{
    return s.len >= 1 && s.len <= 64 && str_is_word(s, "_+=,.@-");
}

static bool is_role_arn(struct str s)
{
    struct strs parts = { 0 };
    struct str items[6], rest = s, part;

    while (parts.count < 6 && str_next(&rest, ':', &part))
        items[parts.count++] = part;
    return parts.count == 6 && !str_is_set(rest) && str_eq(items[0], S("arn")) &&
           str_starts(items[1], S("aws")) && str_eq(items[2], S("iam")) && items[3].len == 0 &&
           is_account(items[4]) && str_starts(items[5], S("role/")) && items[5].len > 5;
}

static bool is_document(struct str s)
{
    return s.len >= 3 && s.len <= 256 && str_is_word(s, "_-.:/");
}

static bool is_group(struct str s)
{
    return s.len >= 1 && s.len <= 300 && str_is_word(s, "_-.");
}

/* --- reading -------------------------------------------------------------- */

static struct str text(struct reading *r, const char *name)
{
    struct str value = r->variable(name);
    return str_is_set(value) ? arena_dup(r->a, str_trim(value)) : S("");
}

static struct str optional(struct reading *r, const char *name, bool (*is_valid)(struct str),
                           const char *rule)
{
    struct str value = text(r, name);
    if (value.len > 0 && !is_valid(value))
        complain(r, name, rule, value);
    return value;
}

static struct str required(struct reading *r, const char *name, bool (*is_valid)(struct str),
                           const char *rule)
{
    struct str value = text(r, name);
    if (!is_valid(value))
        complain(r, name, rule, value);
    return value;
}

/* Written twice is meant once. */
static struct strs list(struct reading *r, const char *name, bool (*is_valid)(struct str),
                        const char *rule)
{
    struct str rest = text(r, name), entry;
    struct strs l = { arena_array(r->a, struct str, MAX_ENTRIES), 0 };

    while (str_next(&rest, ',', &entry)) {
        entry = str_trim(entry);
        if (!is_valid(entry)) {
            complain(r, name, rule, entry);
        } else if (!strs_have(l, entry)) {
            if (l.count == MAX_ENTRIES) {
                complain(r, name, "is the 51st entry; there can be 50", entry);
                break;
            }
            l.items[l.count++] = entry;
        }
    }
    return l;
}

static struct str partition(struct reading *r)
{
    struct str region = r->variable("AWS_REGION");

    if (str_starts(region, S("cn-")))
        return S("aws-cn");
    return str_starts(region, S("us-gov-")) ? S("aws-us-gov") : S("aws");
}

/* The one that is given, else the usual one of the management account. */
static struct str administration_role(struct reading *r)
{
    struct str given =
        optional(r, "AutomationAdministrationRoleArn", is_role_arn, "is no ARN of a role");
    if (given.len > 0)
        return given;
    struct str account =
        required(r, "MasterAccountID", is_account, "is no account id of twelve digits");
    return arena_fmt(r->a,
                     "arn:%.*s:iam::%.*s:role/AWS-SystemsManager-AutomationAdministrationRole",
                     STR(partition(r)), STR(account));
}

int settings_read(struct arena *a, struct str (*variable)(const char *name), struct settings *ret,
                  struct str *ret_why)
{
    static const char concurrency[] = "is no number from 1 and no percentage from 1% to 100%";
    static const char errors[] = "is no number and no percentage up to 100%";
    struct reading r = { a, variable, { 0 } };

    *ret = (struct settings){
        .accounts = list(&r, "TargetAccounts", is_account_or_unit,
                         "is neither an account id nor that of an organizational unit"),
        .regions = list(&r, "TargetRegionIds", is_region, "is no Region"),
        .operation =
            required(&r, "RunPatchBaselineOperation", is_operation, "is neither Scan nor Install"),
        .reboot_option = required(&r, "RunPatchBaselineRebootOption", is_reboot_option,
                                  "is neither RebootIfNeeded nor NoReboot"),
        .override_list = optional(&r, "RunPatchBaselineInstallOverrideList", is_override_list,
                                  "is no https:// or s3:// URL of at most 512 characters"),
        .location_concurrency =
            required(&r, "TargetLocationMaxConcurrency", is_concurrency, concurrency),
        .location_errors = required(&r, "TargetLocationMaxErrors", is_errors, errors),
        .execution_role = required(&r, "ExecutionRoleName", is_role_name, "is no name of a role"),
        .administration_role = administration_role(&r),
        .document = required(&r, "AutomationDocumentMamrRunPatchBaseline", is_document,
                             "is no name of a document"),
        .group = optional(&r, "ResourceGroupName", is_group, "is no name of a resource group"),
        .max_concurrency = optional(&r, "MaximumConcurrency", is_concurrency, concurrency),
        .max_errors = optional(&r, "MaximumErrors", is_errors, errors),
    };
    if (!str_is_set(r.why))
        return 0;
    *ret_why = r.why;
    return SETTINGS_WRONG;
}
