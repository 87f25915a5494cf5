/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service is const tables: its operations by noun, its error names, its
 * tasks, its schema. Everything else (transport, signature, parsing, bounds,
 * authorization, transaction, answer) happens once, in this layer, for all.
 */
#pragma once

#include "api/op.h"
#include "store/db.h"
#include "wire/protocol.h"
#include "wire/shape.h"

enum operation_flags {
    OP_READS = 1 << 0,  /* runs on a reader, in one snapshot */
    OP_WRITES = 1 << 1, /* runs on the writer, in its own savepoint of a group commit */
    OP_POLLS =
        1 << 2, /* may wait: see op_wait(). First run on a reader; OP_WRITER asks for the writer */
    OP_UNSIGNED = 1 << 3, /* no signature: the handler finds out whom it speaks to */
    OP_NODE_KEY = 1 << 4, /* signed with a node's RSA key */
    OP_OWN_AUTH = 1 << 5, /* the handler authorizes itself (several resources, resource policies) */
    OP_INTERNAL = 1 << 6, /* only for in-process callers */
    OP_NEWER = 1 << 7,    /* not in Debian's botocore models: checked against the JS SDK */
    OP_OURS = 1 << 8,     /* no model of AWS's has it: our own service, and what only agents call */
    OP_REFUSED = 1 << 10, /* there only to say clearly that it is not done */
    OP_ANONYMOUS = 1 << 9, /* may come without a signature; the handler authorizes (S3) */
};

struct operation {
    const char *name;
    int (*run)(struct op *op, const void *in, void *out);
    const struct shape *in, *out;
    unsigned flags;
    const int *raises; /* outcomes that this operation may answer with, 0-terminated; NULL: none */

    /* The resource the default authorization asks for; NULL: "*". Returns the ARN. */
    struct str (*resource)(struct op *op, const void *in);
    const char *action; /* IAM action without prefix where it is not the name */

    /* REST protocols */
    const char *method, *path; /* "POST", "/2015-03-31/functions/{FunctionName}/policy" */
    int status;                /* of success; 0: 200 */
};

/* OP_HANDLER(get_x) makes get_x_run() of the typed handler get_x(). */
#define OP_HANDLER(handler)                                                                        \
    static int handler##_run(struct op *op, const void *in, void *out)                             \
    {                                                                                              \
        return handler(op, in, out);                                                               \
    }

/* clang-format off */
#define RAISES(...)    (const int[]){ __VA_ARGS__, 0 }
#define RAISES_NOTHING NULL
/* OP("GetX", get_x, get_x_in, get_x_out, OP_READS, RAISES(X_NOT_FOUND), .resource = x_arn) */
#define OP(NAME, HANDLER, IN, OUT, FLAGS, ERRORS, ...)                                             \
    { .name = NAME, .run = HANDLER##_run, .in = &(IN), .out = &(OUT), .flags = (FLAGS),            \
      .raises = ERRORS, __VA_ARGS__ }
#define OP_END { .name = NULL }
/* clang-format on */

struct service_error {
    int code; /* of the service's outcome enum, from OP_FIRST on */
    const char *name;
    int status;
};

struct task_kind;

struct service {
    const char *name;          /* in credential scopes and aws_call(): "ssm" */
    const char *iam_prefix;    /* "ssm"; NULL: the name */
    const char *target_prefix; /* X-Amz-Target before the dot; NULL for Query and REST */
    const char *version;       /* Query API version */
    const char *xml_namespace; /* Query, REST-XML */
    enum protocol protocol;
    bool is_global; /* IAM, STS, Organizations: Region plays no part */

    const struct operation *const *nouns; /* NULL-terminated list of OP_END-terminated tables */
    const struct service_error *errors;
    size_t n_errors;
    const struct task_kind *tasks; /* name == NULL ends it; may be NULL */
    const struct schema *schema;   /* may be NULL */

    /* SQL, one for each column that names blobs: any row if $1 is among them. A blob that
     * no service knows is swept. NULL ends it; may be NULL. */
    const char *const *blob_uses;

    /* Largest body of this service's requests, bytes; 0: 1 MiB. */
    size_t max_body;
};

const struct operation *service_operation(const struct service *s, struct str name);
const struct service_error *service_error(const struct service *s, int code);
