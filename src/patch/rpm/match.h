/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packages a pattern of dnf's settings means. It is read as one form after the other
 * (nevra.h), and is of the first that any package has: "*2" is of names alone as long as a
 * name ends with 2, whatever versions there are.
 */
#pragma once

#include "patch/rpm/pool.h"

enum match_order {
    MATCH_EXCLUDE, /* as excludepkgs and includepkgs are read; at last as a whole spelling */
    MATCH_LOCK,    /* as version locks are */
};

/* Marks packages, installed ones too, and in `ret_names` (may be NULL) the ids of the names that
 * were looked for. */
void match_packages(const struct rpm_pool *p, struct str pattern, enum match_order order, Map *ret,
                    Map *ret_names);
