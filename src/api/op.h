/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of one operation, as its handler sees it.
 *
 * A handler gets a valid request, says what the rule is, asks the store and
 * fills the answer. It knows no text form, no transport, no clock and no
 * transaction. It may be run again from the start (a conflict, a wake-up), so
 * it changes nothing but the database. What it would do to anyone else it
 * writes down as a task (api/task.h).
 */
#pragma once

#include "api/principal.h"
#include "base/err.h"
#include "store/db.h"

struct operation;
struct plane;
struct service;
struct http_request;

enum op_outcome {
    OP_DENIED = 1,      /* AccessDeniedException / AccessDenied */
    OP_INVALID = 2,     /* ValidationException / ValidationError */
    OP_AGAIN = 3,       /* nothing yet: park the call (op_wait() says until when and for what) */
    OP_WRITER = 4,      /* run me again on the writer (OP_POLLS) */
    OP_UNSUPPORTED = 5, /* UnsupportedOperation: honest refusal of what is not done here */
    OP_THROTTLED = 6,   /* ThrottlingException */
    OP_FIRST = 32,      /* the services' own outcomes start here */
};

struct op_key {
    struct str name; /* condition key: "aws:SourceArn" */
    struct strs values;
};

struct op {
    struct arena *arena;
    struct db *db; /* a snapshot, or the writer's transaction */
    const struct plane *plane;
    const struct service *service;
    const struct operation *operation;
    const struct principal *principal;
    struct str account, region; /* where the call acts */
    struct str request_id;
    struct str public_url; /* "http://host:port", no slash at the end */
    struct str source_ip;  /* absent for in-process calls */
    msec now;
    bool is_writing;  /* on the writer */
    bool is_internal; /* called in process by a task */

    const struct op_key *keys; /* condition keys an in-process caller vouches for */
    size_t n_keys;
    const struct http_request *http; /* the raw request; NULL in process */

    /* What the handler leaves behind. */
    struct str message;  /* the sentence of an outcome */
    struct str wait_for; /* OP_AGAIN: the key that op_wake() will name */
    msec wait_until;     /* and when to stop waiting; set by the first run, kept */
    void *wait_state;    /* kept from run to run of one parked call; in its arena */
    struct strs wakes;   /* keys to wake after the commit */
    size_t wakes_capacity;
    bool adds_tasks; /* something became due: look after the commit */
};

/* Leave with an outcome and AWS's sentence for it:
 * return op_fail(op, SSM_INVALID_DOCUMENT, "Document %.*s does not exist", STR(name)); */
PRINTF(3, 4) int(op_fail)(struct op *op, int outcome, const char *fmt, ...);

/* ValidationException / ValidationError with that sentence. */
PRINTF(2, 3) int(op_invalid)(struct op *op, const char *fmt, ...);

#ifdef __clang_analyzer__ /* what they return, which is in another file */
#define op_fail(op, outcome, ...) ((void)(op_fail)((op), (outcome), __VA_ARGS__), (outcome))
#define op_invalid(...)           ((void)(op_invalid)(__VA_ARGS__), OP_INVALID)
#endif

/* Park a poll until somebody wakes `key` or for `patience` from the call's
 * start: return op_wait(op, key, 16 * MSEC_SECOND). Once op_expired(op), answer
 * with what there is instead. */
int op_wait(struct op *op, struct str key, msec patience);
bool op_expired(const struct op *op);

/* Wake all calls waiting for `key` once this transaction is committed. */
void op_wake(struct op *op, struct str key);

/* --- names ---------------------------------------------------------------- */

/* arn:aws:SERVICE:REGION:ACCOUNT:rest with this call's account and Region. */
PRINTF(3, 4) struct str op_arn(struct op *op, const char *service, const char *fmt, ...);
/* Without Region, as IAM's are. */
PRINTF(3, 4) struct str op_global_arn(struct op *op, const char *service, const char *fmt, ...);

struct arn {
    struct str partition, service, region, account, resource;
};
bool arn_parse(struct str s, struct arn *ret);

/* --- authorization -------------------------------------------------------- */

struct auth {
    struct str action;          /* "ssm:SendCommand" */
    struct str resource;        /* an ARN, or "*" */
    struct str owner;           /* account of the resource; absent: op->account */
    struct str resource_policy; /* JSON; absent: none */
    struct str tags_of;         /* ARN whose tags become aws:ResourceTag/..., absent: none */
    const struct op_key *keys;  /* further condition keys of this request */
    size_t n_keys;
    bool service_needs_policy; /* a service principal is let in by the resource policy only */
};

/* 0 if the caller may; OP_DENIED with AWS's sentence; a fault. */
MUST_CHECK int op_authorize(struct op *op, const struct auth *auth);

/* op_authorize() for an action on one ARN, nothing special. */
MUST_CHECK int op_may(struct op *op, struct str action, struct str resource);

/* iam:PassRole on `role_arn` for `service` ("ssm.amazonaws.com"), and that the role's trust
 * lets the service assume it. OP_DENIED, or OP_INVALID where there is no such role. */
MUST_CHECK int op_pass_role(struct op *op, struct str role_arn, struct str service);
/* The same, where the service will assume it for `source_arn`: aws:SourceArn of trust policies. */
MUST_CHECK int op_pass_role_for(struct op *op, struct str role_arn, struct str service,
                                struct str source_arn);

struct role_facts;

/* sts:AssumeRole on a role of `role_account`: its trust policy and, where that is not
 * enough, the caller's own policies. OP_DENIED with the one sentence STS has. */
MUST_CHECK int op_may_assume(struct op *op, const struct role_facts *role, struct str role_account,
                             const struct op_key *keys, size_t n_keys);

/* --- pages ---------------------------------------------------------------- */

/* Opaque tokens that say where the next page starts; sealed, so a client cannot
 * forge one. page_open gives absent for an absent token; OP_INVALID otherwise. */
struct str page_token(struct op *op, struct str position);
MUST_CHECK int page_open(struct op *op, struct str token, struct str *ret_position);
