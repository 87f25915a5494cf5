/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alternative sources of a baseline: repositories that replace a host's own for
 * one run. Here is what a Configuration has to look like for a package family, and
 * which of them are meant for a host; setting them up is the host's provider's.
 */
#pragma once

#include "engine/baseline.h"

/* apt: one line "deb [options] URI suite component...". rpm and zypper: one section
 * "[id]" with `key=value` lines, of which one says where the packages are.
 * NULL if it is right, else what is wrong with it. */
const char *patch_source_fault(enum patch_family family, struct str configuration);

/* The configurations of the sources that are for this product; none: the host's own
 * repositories stay in use. */
struct strs patch_sources_of(struct arena *a, const struct baseline *b, struct str product);

/* Whether there are any. */
bool patch_sources_replace(const struct baseline *b, struct str product);
