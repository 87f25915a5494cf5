/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/document/document.h"

#include "base/json.h"
#include "base/yaml.h"
#include "engine/runbook.h"
#include "svc/ssm/command/command_doc.h"
#include "svc/ssm/errors.h"

bool document_name_is_reserved(struct str name)
{
    static const char *const prefixes[] = { "aws", "amazon", "amzn" };

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_ieq(str_slice(name, 0, strlen(prefixes[i])), str_of(prefixes[i])))
            return true;
    return false;
}

static bool is_builtin_name(struct str name)
{
    return str_starts(name, S("AWS-"));
}

static struct str document_name(struct op *op, struct str name_or_arn)
{
    struct arn arn;

    if (!str_starts(name_or_arn, S("arn:")))
        return name_or_arn;
    if (!arn_parse(name_or_arn, &arn) || !str_eq(arn.service, S("ssm")) ||
        !str_eq(arn.region, op->region) || !str_starts(arn.resource, S("document/")))
        return (struct str){ 0 };
    struct str name = str_from(arn.resource, strlen("document/"));
    bool is_here =
        is_builtin_name(name) ? str_is_empty(arn.account) : str_eq(arn.account, op->account);
    return is_here ? name : (struct str){ 0 };
}

struct str document_arn(struct op *op, struct str name_or_arn)
{
    if (str_starts(name_or_arn, S("arn:")))
        return name_or_arn;
    if (is_builtin_name(name_or_arn))
        return arena_fmt(op->arena, "arn:aws:ssm:%.*s::document/%.*s", STR(op->region),
                         STR(name_or_arn));
    return op_arn(op, "ssm", "document/%.*s", STR(name_or_arn));
}

/* --- finding -------------------------------------------------------------- */

static int no_document(struct op *op, struct str name)
{
    return op_fail(op, SSM_INVALID_DOCUMENT, "Document with name %.*s does not exist.", STR(name));
}

static int no_version(struct op *op)
{
    return op_fail(op, SSM_INVALID_DOCUMENT_VERSION,
                   "The document version is not valid or does not exist.");
}

static int find_builtin(struct op *op, struct str name, struct str version, struct str version_name,
                        struct document *ret)
{
    const struct document *d = document_builtin(op, name);
    int64_t number = 1;

    if (!d)
        return no_document(op, name);
    if (str_is_set(version_name) || (str_to_int(version, &number) && number != d->version))
        return no_version(op);
    *ret = *d;
    return 0;
}

/* 0: the latest, -1: the default, as document_load() takes it. */
static int version_number(struct op *op, struct str name, struct str version,
                          struct str version_name, int64_t *ret)
{
    *ret = -1;
    if (str_is_set(version_name)) {
        int found = document_version_by_name(op, name, version_name, ret);
        if (found == DB_NO_ROW)
            return no_version(op);
        TRY(found);
        return 0;
    }
    if (str_eq(version, S("$LATEST")))
        *ret = 0;
    else if (str_is_set(version) && !str_eq(version, S("$DEFAULT")) && !str_to_int(version, ret))
        return no_version(op);
    return 0;
}

int document_get(struct op *op, struct str name_or_arn, struct str version, struct str version_name,
                 struct document *ret)
{
    struct str name = document_name(op, name_or_arn);
    int64_t number;

    if (!str_is_set(name))
        return no_document(op, name_or_arn);
    if (is_builtin_name(name))
        return find_builtin(op, name, version, version_name, ret);
    PASS(version_number(op, name, version, version_name, &number));
    int found = document_load(op, name, number, ret);
    if (found == DB_NO_ROW && number > 0) {
        found = document_load(op, name, -1, ret);
        if (found == 0)
            return no_version(op);
    }
    if (found == DB_NO_ROW)
        return no_document(op, name);
    TRY(found);
    return 0;
}

/* --- checking ------------------------------------------------------------- */

int document_tree(struct op *op, const struct document *d, struct value **ret)
{
    struct str why = S("it is malformed");
    bool is_yaml = str_eq(d->format, S("YAML"));
    int result = is_yaml ? yaml_or_json_parse(op->arena, d->content, ret, &why)
                         : json_parse(op->arena, d->content, ret, &why);

    if (result > 0)
        return op_fail(op, SSM_INVALID_DOCUMENT_CONTENT, "The content is not valid %.*s: %.*s",
                       STR(d->format), STR(why));
    TRY(result);
    if (!value_is(*ret, VALUE_MAP))
        return op_fail(op, SSM_INVALID_DOCUMENT_CONTENT, "The content must be a map.");
    return 0;
}

static int check_command(struct op *op, const struct value *root, struct document_facts *ret)
{
    struct command_doc doc;
    struct str why;

    int result = command_doc_parse(op->arena, root, &doc, &why);
    if (result == COMMAND_DOC_SCHEMA)
        return op_fail(op, SSM_INVALID_DOCUMENT_SCHEMA_VERSION, "%.*s", STR(why));
    if (result == COMMAND_DOC_INVALID)
        return op_fail(op, SSM_INVALID_DOCUMENT_CONTENT, "%.*s", STR(why));
    TRY(result);
    *ret = (struct document_facts){ .schema_version = doc.schema,
                                    .description = doc.description,
                                    .platforms = command_doc_platforms(op->arena, &doc) };
    return 0;
}

static int check_automation(struct op *op, const struct value *root, struct document_facts *ret)
{
    struct str why, schema = value_text(op->arena, value_get(root, S("schemaVersion")));
    struct runbook book;

    if (!str_eq(schema, S("0.3")))
        return op_fail(op, SSM_INVALID_DOCUMENT_SCHEMA_VERSION,
                       "The schemaVersion of an Automation runbook must be 0.3.");
    int result = runbook_parse(op->arena, root, &book, &why);
    if (result == RUNBOOK_INVALID)
        return op_fail(op, SSM_INVALID_DOCUMENT_CONTENT, "%.*s", STR(why));
    TRY(result);
    *ret = (struct document_facts){ .schema_version = schema,
                                    .description = book.description,
                                    .platforms = S("Linux,MacOS,Windows") };
    return 0;
}

int document_validate(struct op *op, const struct document *d, struct document_facts *ret)
{
    struct value *root;

    if (d->content.len > DOCUMENT_MAX_SIZE)
        return op_fail(op, SSM_MAX_DOCUMENT_SIZE_EXCEEDED,
                       "The size limit of a document is 64 KB.");
    PASS(document_tree(op, d, &root));
    if (str_eq(d->type, S("Command")))
        return check_command(op, root, ret);
    if (str_eq(d->type, S("Automation")))
        return check_automation(op, root, ret);
    return op_fail(op, OP_UNSUPPORTED, "Documents of type %.*s are not supported.", STR(d->type));
}
