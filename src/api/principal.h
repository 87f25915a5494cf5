/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who acts: the party a call is authorized as. A long-running piece of work
 * keeps principals (and role ARNs), never credentials.
 */
#pragma once

#include "base/value.h"

enum principal_kind {
    PRINCIPAL_ANONYMOUS, /* unsigned call */
    PRINCIPAL_ROOT,      /* the account's root user */
    PRINCIPAL_USER,
    PRINCIPAL_ROLE,    /* a session of an assumed role; a node's credentials too */
    PRINCIPAL_SERVICE, /* ssm.amazonaws.com and its like, acting for `account` */
    PRINCIPAL_NODE,    /* a managed node proving itself with its RSA key */
};

struct principal {
    enum principal_kind kind;
    struct str account; /* 12 digits; absent for ANONYMOUS */
    struct str arn;     /* as policies and messages name it; of SERVICE its name */
    struct str id;      /* unique id: AIDA..., AROA...:session, the account for ROOT */
    struct str name;    /* user, role (without path), service or node */
    struct str session; /* ROLE: the session name; a node's id for node credentials */
    struct str policy;  /* ROLE: the session policy as JSON, absent if none */
    bool chained;       /* ROLE: assumed from another role: at most 3600 s */
};

struct principal principal_copy(struct arena *a, const struct principal *p);

struct value *principal_to_value(const struct principal *p, struct arena *a);
bool principal_from_value(const struct value *v, struct arena *a, struct principal *ret);

/* The role's own ARN out of a session's ("" for others): arn:aws:iam::A:role/NAME; the path
 * is not part of a session's ARN, so it is looked up where it matters. */

struct principal principal_service(struct str service_name, struct str account);
