/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents: Command documents and Automation runbooks, with their versions.
 * Those whose names start with AWS- are built in and belong to Amazon in every
 * account and Region, as policies expect (their ARNs have an empty account).
 */
#pragma once

#include "api/op.h"
#include "base/value.h"

#define DOCUMENTS_MAX         500 /* an account and Region; AWS's quota */
#define DOCUMENT_VERSIONS_MAX 1000
#define DOCUMENT_MAX_SIZE     (64 * 1024)

/* One version of a document. */
struct document {
    struct str name, type; /* "Command", "Automation" */
    struct str version_name, display_name, target_type;
    struct str format; /* of content: "JSON", "YAML" */
    struct str content, hash, schema_version, description, platforms;
    struct str owner; /* an account, or "Amazon" */
    int64_t version, latest_version, default_version;
    msec created_at;
};

/* What a document says of itself. */
struct document_facts {
    struct str schema_version, description, platforms;
};

/* --- rules: document.c ---------------------------------------------------- */

/* The version that a request names: by name or ARN, with "$DEFAULT", "$LATEST" or
 * a number (absent: the default), or by its version name. Outcomes, with AWS's
 * sentence: SSM_INVALID_DOCUMENT, SSM_INVALID_DOCUMENT_VERSION. */
MUST_CHECK int document_get(struct op *op, struct str name_or_arn, struct str version,
                            struct str version_name, struct document *ret);

/* The name out of a name or an ARN of this account and Region or of Amazon's; absent if none. */
/* As policies name it, whether it exists or not. */
struct str document_arn(struct op *op, struct str name_or_arn);
bool document_name_is_reserved(struct str name);

/* The content as a tree. Outcome: SSM_INVALID_DOCUMENT_CONTENT. */
MUST_CHECK int document_tree(struct op *op, const struct document *d, struct value **ret);

/* Whether such a document can be run here. Outcomes: SSM_INVALID_DOCUMENT_CONTENT,
 * SSM_INVALID_DOCUMENT_SCHEMA_VERSION, SSM_MAX_DOCUMENT_SIZE_EXCEEDED. */
MUST_CHECK int document_validate(struct op *op, const struct document *d,
                                 struct document_facts *ret);

/* Built in: NULL-terminated by name; document_builtin.c. */
const struct document *document_builtin(struct op *op, struct str name); /* NULL: none */
struct strs document_builtin_names(struct arena *a);                     /* sorted */

/* --- store: document_db.c ------------------------------------------------- */

MUST_CHECK int document_insert(struct op *op, const struct document *d); /* DB_CONFLICT */
MUST_CHECK int document_version_insert(struct op *op, const struct document *d);
MUST_CHECK int document_set_latest(struct op *op, struct str name, int64_t version);
MUST_CHECK int document_set_default(struct op *op, struct str name, int64_t version);
MUST_CHECK int document_delete(struct op *op, struct str name);
MUST_CHECK int document_version_delete(struct op *op, struct str name, int64_t version);
MUST_CHECK int document_count(struct op *op, int64_t *ret);

/* version 0: the latest, -1: the default. DB_NO_ROW. */
MUST_CHECK int document_load(struct op *op, struct str name, int64_t version, struct document *ret);
MUST_CHECK int document_version_by_name(struct op *op, struct str name, struct str version_name,
                                        int64_t *ret); /* DB_NO_ROW */
/* The default versions of all, by name; content is absent. */
MUST_CHECK int document_list(struct op *op, struct document **ret, size_t *ret_count);
/* The versions below `before`, newest first, at most `limit`; content is absent. */
MUST_CHECK int document_versions(struct op *op, struct str name, int64_t before, int64_t limit,
                                 struct document **ret, size_t *ret_count);
