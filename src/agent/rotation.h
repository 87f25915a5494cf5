/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a node changes its key without ever losing its voice. The new key is on
 * disk before the plane hears of it, and the old one stays there until the plane
 * has taken the new one, so that whichever of the two the plane knows after a
 * power cut, the node has it:
 *
 *   save "next"  ->  announce it, signed by the old key  ->  save "it is the key"
 *
 * An announcement whose answer was lost cannot be made again, as the old key is no
 * longer taken: then a call signed by the next key proves it. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct key_ring {
    struct str key;  /* PKCS#1 DER */
    struct str next; /* made, perhaps announced; absent: none */
    msec made_at;    /* when `key` became the key; 0: not known */
};

enum rotation_outcome {
    ROTATION_NOT_YET = 1, /* no space, or the plane does not answer: again later */
    ROTATION_UNKNOWN = 2, /* announce: the plane does not take the old key's signature */
};

struct rotation_ports {
    void *context;
    int (*make)(void *context, struct str *ret);
    int (*save)(void *context, const struct key_ring *ring); /* durably; NOT_YET */
    int (*announce)(void *context, struct str next);         /* NOT_YET, UNKNOWN */
    int (*prove)(void *context, struct str next);            /* NOT_YET */
};

/* As far as it goes. 0: there is a new key. Outcome ROTATION_NOT_YET. */
MUST_CHECK int rotation_advance(struct key_ring *ring, const struct rotation_ports *ports,
                                msec now);

/* The next key is the plane's: it becomes ours. Outcome ROTATION_NOT_YET: only in memory. */
MUST_CHECK int rotation_adopt(struct key_ring *ring, const struct rotation_ports *ports, msec now);
