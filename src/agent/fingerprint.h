/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this host is the one that was registered, or a copy of its disk on
 * another: decided as the AWS agent decides it, by facts noted at registration.
 * A copy takes a fingerprint of its own, which the plane does not know. Pure.
 */
#pragma once

#include "base/value.h"

enum host_fact {
    HOST_MACHINE_ID,
    HOST_ADDRESS, /* the first that is not loopback */
    HOST_NAME,
    HOST_MAC, /* of the first interface that has one */
    HOST_PRODUCT,
    HOST_BIOS,
    HOST_DISKS, /* a digest of the file systems' ids */
    HOST_FACTS,
};

struct host_facts {
    struct str values[HOST_FACTS]; /* absent or empty: not known */
};

enum fingerprint_verdict {
    FINGERPRINT_SAME,
    FINGERPRINT_DRIFTED, /* the same host, some of whose facts have changed or were never noted */
    FINGERPRINT_COPY,
};

/* A copy has another machine id; or another address, and fewer than `percent` in a hundred of
 * the noted facts still hold. 0 percent: there are no copies. */
enum fingerprint_verdict fingerprint_compare(const struct host_facts *noted,
                                             const struct host_facts *now, int64_t percent);

/* "machine-id", for a person. */
const char *fingerprint_fact_name(enum host_fact fact);

struct value *fingerprint_facts_to_value(struct arena *a, const struct host_facts *facts);
struct host_facts fingerprint_facts_from_value(const struct value *v);
