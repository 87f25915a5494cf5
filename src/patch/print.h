/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan for people (a table and a sentence) and for programs (JSON).
 */
#pragma once

#include "patch/scan.h"

enum print_rows {
    PRINT_WORTH_A_LOOK, /* what is not compliant or has an update */
    PRINT_NON_COMPLIANT,
    PRINT_ALL,
};

struct str print_table(struct arena *a, const struct scan *scan, enum print_rows rows);

struct str print_summary(struct arena *a, const struct scan *scan);

/* { host, baseline, summary, packages: [ every installed one ] } */
struct value *print_json(struct arena *a, const struct scan *scan);
