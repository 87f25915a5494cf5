/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM policies: a document compiled once, and the decision over all policies
 * that bear on one request, as the IAM User Guide's "Policy evaluation logic"
 * says. It knows neither where policies are kept nor which actions exist; the
 * caller gathers the set, and passes the resource "*" for an action that has
 * no resource-level permissions.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define POLICY_MAX_STATEMENTS 1000 /* IAM bounds the bytes of a document; so do callers */

enum policy_outcome {
    POLICY_MALFORMED = 1, /* IAM's MalformedPolicyDocument */
};

enum policy_kind {
    POLICY_IDENTITY, /* of users and roles; boundaries, session policies and SCPs too */
    POLICY_RESOURCE, /* buckets, functions: names principals and resources */
    POLICY_TRUST,    /* of a role: names principals, its resource is the role itself */
};

struct policy;

/* The compiled policy keeps views into the document: both live in `a` or longer.
 * Outcome: POLICY_MALFORMED, *ret_why is the sentence for the client. */
MUST_CHECK int policy_compile(struct arena *a, const struct value *document, enum policy_kind kind,
                              const struct policy **ret, struct str *ret_why);

enum policy_principal_kind {
    POLICY_PRINCIPAL_ANONYMOUS,
    POLICY_PRINCIPAL_ROOT,
    POLICY_PRINCIPAL_USER,
    POLICY_PRINCIPAL_SESSION, /* of a role */
    POLICY_PRINCIPAL_NODE,    /* a managed node: a session of its role, named after the node */
    POLICY_PRINCIPAL_SERVICE,
};

struct policy_principal {
    enum policy_principal_kind kind;
    struct str arn;      /* as GetCallerIdentity gives it; absent for services and anonymous */
    struct str account;  /* absent for services and anonymous */
    struct str user_id;  /* aws:userid: AIDA..., AROA...:session, or the account of a root user */
    struct str role_arn; /* of a session or node, with its path */
    struct str service;  /* "ssm.amazonaws.com" */
};

/* One condition key of the request's context. Names are matched without case. */
struct policy_key {
    struct str name;
    struct strs values;
};

/*
 * aws:CurrentTime, aws:EpochTime, aws:PrincipalArn, aws:PrincipalAccount,
 * aws:PrincipalType, aws:PrincipalIsAWSService, aws:PrincipalServiceName,
 * aws:userid and aws:username come from the principal and `now`. Everything
 * else (aws:SourceArn, aws:RequestedRegion, tags ...) is in `keys`, which is
 * asked first.
 */
struct policy_request {
    struct policy_principal principal;
    struct str action;           /* "ssm:SendCommand" */
    struct str resource;         /* an ARN, or "*" */
    struct str resource_account; /* its owner; absent: the principal's own account */
    const struct policy_key *keys;
    size_t n_keys;
    msec now;
};

struct policy_list {
    const struct policy *const *items;
    size_t count;
};

/* Everything that bears on a request. Zero-initialised: nothing does. */
struct policy_set {
    /* One list a level, root to account. None for the management account, for
     * accounts outside an organization and for service-linked roles. */
    const struct policy_list *scp_levels;
    size_t n_scp_levels;

    struct policy_list identity;       /* inline and attached, of the user's groups too */
    const struct policy *boundary;     /* NULL: none */
    const struct policy_list *session; /* NULL: the session was made without policies */
    const struct policy *resource;     /* the resource's own, or a role's trust policy */
};

enum policy_decision {
    POLICY_DENIED_IMPLICIT,
    POLICY_DENIED_EXPLICIT,
    POLICY_ALLOWED,
};

/* Whose word it was. */
enum policy_source {
    POLICY_BY_IDENTITY,
    POLICY_BY_RESOURCE,
    POLICY_BY_SCP,
    POLICY_BY_BOUNDARY,
    POLICY_BY_SESSION,
    POLICY_BY_TRUST,
    POLICY_BY_ROOT_RULE, /* root users may do all but assume roles */
};

struct policy_verdict {
    enum policy_decision decision;
    enum policy_source source;
};

/* `a` is scratch memory, used by conditions and variables only. */
struct policy_verdict policy_decide(struct arena *a, const struct policy_set *set,
                                    const struct policy_request *request);

/*
 * The same for sts:AssumeRole, where `set->resource` is the role's trust policy
 * and `request->resource` the role. The trust policy must allow even inside one
 * account; where it names the caller's account rather than the caller, or the
 * role is in another account, the caller's identity policies must allow too.
 */
struct policy_verdict policy_decide_trust(struct arena *a, const struct policy_set *set,
                                          const struct policy_request *request);

/* "User: ... is not authorized to perform: ... on resource: ... because ...". */
struct str policy_denial(struct arena *a, const struct policy_request *request,
                         struct policy_verdict verdict);

/* Without the reason: what STS says, whether or not the role exists. */
struct str policy_denial_short(struct arena *a, const struct policy_request *request);
