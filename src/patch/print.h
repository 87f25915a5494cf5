/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan for people (a table and a sentence) and for programs (JSON).
 */
#pragma once

#include "patch/scan.h"

/* Rows for what is not compliant or has an update; for every package if `all`. */
struct str print_table(struct arena *a, const struct scan *scan, bool all);

struct str print_summary(struct arena *a, const struct scan *scan);

/* { host, baseline, summary, packages: [ every installed one ] } */
struct value *print_json(struct arena *a, const struct scan *scan);
