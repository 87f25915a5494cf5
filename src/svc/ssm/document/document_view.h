/* SPDX-License-Identifier: Apache-2.0 */
/* A document as the answers show it. */
#pragma once

#include "svc/ssm/document/document.h"
#include "wire/shape.h"

struct document_description {
    struct str hash, hash_type, name, display_name, version_name, owner, status, version;
    struct str description, type, schema_version, latest_version, default_version, format;
    struct str target_type;
    msec created_at;
    struct list parameters, tags;
    struct strs platforms;
};
extern const struct shape document_description_shape;

/* Outcome: SSM_INVALID_DOCUMENT_CONTENT, which stored documents do not give. */
MUST_CHECK int document_describe(struct op *op, const struct document *d,
                                 struct document_description **ret);

struct document_identifier {
    struct str name, display_name, owner, version_name, version, type, schema_version, format;
    struct str target_type;
    msec created_at;
    struct strs platforms;
    struct list tags;
};
extern const struct shape document_identifier_shape;

MUST_CHECK int document_identify(struct op *op, const struct document *d,
                                 struct document_identifier *ret);

extern const char *const document_types[];
extern const char *const document_formats[];
extern const char *const document_hash_types[];

/* What CreateDocument and UpdateDocument take and this release refuses. */
struct attachment_source {
    struct str key, name;
    struct strs values;
};
struct document_requires {
    struct str name, version;
};
extern const struct shape attachment_source_shape, document_requires_shape;
