/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/document.h"

#include "base/hex.h"
#include "base/json.h"

#include "svc/iam/errors.h"

int document_check(struct op *op, struct str text, enum policy_kind kind)
{
    struct value *tree;
    const struct policy *compiled;
    struct str why;

    int result = json_parse(op->arena, text, &tree, NULL);
    if (result == JSON_MALFORMED)
        return op_fail(op, IAM_MALFORMED_POLICY_DOCUMENT, "This policy contains invalid Json");
    TRY(result);
    result = policy_compile(op->arena, tree, kind, &compiled, &why);
    if (result == POLICY_MALFORMED)
        return op_fail(op, IAM_MALFORMED_POLICY_DOCUMENT, "%.*s", STR(why));
    TRY(result);
    return 0;
}

size_t document_size(struct str text)
{
    size_t size = 0;

    for (size_t i = 0; i < text.len; i++)
        size += text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\n' && text.p[i] != '\r';
    return size;
}

struct str document_encode(struct arena *a, struct str text)
{
    return percent_encode(a, text, false);
}
