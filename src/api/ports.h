/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What services get from outside their layer, filled in by the daemon: facts
 * owned by other services (read in the caller's own snapshot), bytes, and the
 * function sandbox. Services never include each other; they meet here.
 */
#pragma once

#include "api/op.h"
#include "base/crypto.h"
#include "engine/facts_doc.h"
#include "wire/shape.h"

enum port_outcome {
    PORT_NONE = 1, /* there is no such thing */
};

/* --- identity: owned by svc/iam ------------------------------------------- */

struct access_key_facts {
    struct principal principal; /* USER or ROOT */
    struct str secret;
    bool is_active;
};

struct role_facts {
    struct str arn, id, name, path; /* id: AROA... */
    struct str trust;               /* the trust policy, JSON */
    int64_t max_session;            /* seconds */
};

struct policy_texts {
    struct strs identity; /* JSON of every attached and inline policy */
    struct str boundary;  /* absent: none */
};

struct identity_port {
    int (*access_key)(struct db *db, struct arena *a, const uint8_t *master_key,
                      struct str access_key, struct access_key_facts *ret); /* PORT_NONE */
    int (*role)(struct db *db, struct arena *a, struct str account, struct str name,
                struct role_facts *ret); /* PORT_NONE */
    int (*policies)(struct db *db, struct arena *a, const struct principal *who,
                    struct policy_texts *ret); /* of a USER or a ROLE session; PORT_NONE: gone */
    int (*epoch)(struct db *db, struct str account, int64_t *ret); /* bumped by every IAM write */
};

/* --- directory: owned by svc/organizations -------------------------------- */

struct account_facts {
    struct str id, name, status; /* ACTIVE, SUSPENDED, PENDING_CLOSURE */
    struct str organization;     /* o-..., absent: stand-alone */
    struct str management_account;
};

struct directory_port {
    int (*account)(struct db *db, struct arena *a, struct str id,
                   struct account_facts *ret); /* PORT_NONE */
};

/* --- nodes: owned by svc/ssm ---------------------------------------------- */

struct node_facts {
    struct str id, account, region;
    struct str public_key; /* SPKI DER */
};

struct node_location {
    struct str account, region;
    int64_t nodes;
};

/* A patch run as the node reported it. */
struct patch_run_facts {
    struct str operation, baseline, snapshot, execution;
    msec started_at, ended_at;
    int64_t installed, installed_pending, missing, failed, security;
    int64_t rebooted; /* 0, 1; -1: the node did not tell */
    int64_t serial;   /* in the order of their reports */
};

/* What a node last told of its packages, and the run that found it out. */
struct host_facts {
    struct str node, operation, baseline, install_override_list;
    struct str blob;               /* engine/facts_doc.h as JSON; the name is its hash */
    msec captured_at, received_at; /* by the node's clock, and by ours */
    enum tristate rebooted;
};

/* What a node is patched with now. */
struct patch_basis {
    struct str group, product;
    struct baseline baseline;
};

struct node_port {
    int (*node)(struct db *db, struct arena *a, struct str id,
                struct node_facts *ret); /* PORT_NONE */
    /* Where there are nodes, by account and Region; all accounts. */
    int (*locations)(struct db *db, struct arena *a, struct node_location **ret, size_t *ret_count);
    /* The runs of a node with a lower serial, newest first. */
    int (*patch_runs)(struct db *db, struct arena *a, struct str node, int64_t before,
                      int64_t limit, struct patch_run_facts **ret, size_t *ret_count);
    int (*facts)(struct db *db, struct arena *a, struct str node,
                 struct host_facts *ret); /* PORT_NONE */
    /* The caller is this node, and its role may report: OP_DENIED. */
    int (*may_report)(struct op *op, struct str node);
    /* In the caller's own transaction: replaces what the node told before. `parsed` is what
     * the blob holds; NULL says that these are the node's facts already. PORT_NONE: they
     * are not. */
    int (*put_facts)(struct op *op, const struct host_facts *facts, const struct facts_doc *parsed);
    /* PORT_NONE: no baseline is for its system. */
    int (*patch_basis)(struct op *op, struct str node, struct patch_basis *ret);
};

/* --- bytes ---------------------------------------------------------------- */

/* Content-addressed: the name is the SHA-256 of the bytes, hex. Safe to call in
 * a transaction: writing bytes nobody refers to yet harms nobody (a sweep
 * removes orphans). */
struct blob_port {
    void *context;
    int (*put)(void *context, struct str bytes, struct arena *a, struct str *ret_name);
    int (*get)(void *context, struct str name, size_t limit, struct arena *a,
               struct str *ret_bytes); /* PORT_NONE */
};

/* --- objects: owned by svc/s3; frozen baselines, which s3 only shows, by svc/ssm  */

struct object_facts {
    struct str account; /* the bucket's owner */
    struct str blob;
    int64_t size;
};

struct object_port {
    int (*object)(struct db *db, struct arena *a, struct str bucket, struct str key,
                  struct object_facts *ret); /* PORT_NONE */
};

/* --- functions: filled in by the daemon over sys -------------------------- */

struct sandbox_invocation {
    struct str function_arn, version_id; /* version_id changes with code or configuration */
    struct str runtime, handler;
    struct str code; /* blob name of a zip */
    struct str request_id;
    struct str payload; /* JSON */
    int64_t memory_mb;
    msec timeout;
    const struct value *environment; /* string to string, AWS_* credentials included */
};

struct sandbox_result {
    struct str payload;        /* what the handler returned, or the error object */
    struct str function_error; /* "Unhandled" or absent */
    struct str log;            /* what it printed, START/END/REPORT lines included */
};

struct sandbox_port {
    void *context;
    /* Runs one invocation to its end on the calling (worker) thread, in a warm
     * environment if there is one. Fault: the sandbox itself failed. */
    int (*invoke)(void *context, const struct sandbox_invocation *in, struct arena *a,
                  struct sandbox_result *ret);
};

/* --- all of them ---------------------------------------------------------- */

#define TASK_WORKERS 8

struct plane {
    const struct service *const *services; /* NULL-terminated */
    uint8_t master_key[SEAL_KEY_SIZE];
    struct str public_url; /* configured; absent: the request's Host */
    msec node_key_life;    /* the age at which a node is asked for a new key; 0: never */
    struct str own_url;    /* where this process listens; for what no request asks for */
    const struct identity_port *identity;
    const struct directory_port *directory;
    const struct node_port *nodes;
    const struct object_port *objects;   /* NULL: no object store */
    const struct object_port *snapshots; /* what api/presign.h hands out; NULL: none */
    struct blob_port blobs;
    struct sandbox_port sandbox;
    struct runtime *runtime; /* dispatch's own: writer, readers, parked calls, workers */
};

static inline struct str plane_url(const struct plane *plane)
{
    return str_is_set(plane->public_url) ? plane->public_url : plane->own_url;
}

/* --- sessions: temporary credentials, sealed and stateless ---------------- */

struct session {
    struct str access_key, secret, token;
    msec expires_at;
};

/* Issue credentials for a role session. Works for the lifetime, unless the role goes. */
struct session session_issue(const struct plane *plane, struct arena *a,
                             const struct principal *role_session, msec now, msec expires_at);

enum session_outcome {
    SESSION_UNKNOWN =
        1, /* not ours, or damaged: UnrecognizedClientException (ExpiredToken for nodes) */
    SESSION_EXPIRED = 2,
};

/* Outcomes above. The role's existence is for the caller to check. */
MUST_CHECK int session_open(const struct plane *plane, struct arena *a, struct str access_key,
                            struct str token, msec now, struct principal *ret_principal,
                            struct str *ret_secret);
