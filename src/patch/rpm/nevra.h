/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of packages as administrators write them in excludes and locks: a name,
 * name.arch, name-[epoch:]version, name-[epoch:]version-release, with or without the
 * architecture, wildcards in each part. One pattern can be read in several ways;
 * which of them counts is match.h's to say.
 */
#pragma once

#include "base/arena.h"

struct nevra {
    struct str name, epoch, version, release, arch; /* epoch "0" where there is none */
};

/* From a package manager's "[epoch:]version-release". */
struct nevra nevra_of(struct str name, struct str evr, struct str arch);

enum nevra_form {
    NEVRA_FULL,
    NEVRA_NAME_ARCH,
    NEVRA_NAME,
    NEVRA_NO_ARCH,
    NEVRA_NO_RELEASE,
};
#define NEVRA_FORMS (NEVRA_NO_RELEASE + 1)

/* Takes a pattern apart as one form: what it does not say is absent. False: it is not of it. */
bool nevra_parse(struct str pattern, enum nevra_form form, struct nevra *ret);

/* '*', '?' and [sets]. A pattern that is longer than any name matches nothing. */
bool nevra_glob(struct str pattern, struct str text);

/* Each part of a pattern that was taken apart; absent ones are of any package. */
bool nevra_fits(const struct nevra *pattern, const struct nevra *package);

/* The whole name-[epoch:]version-release.arch, whose wildcards may be of several parts. */
bool nevra_is_spelled(struct str pattern, const struct nevra *package);

/* The name in a full spelling. */
struct str nevra_name(struct str spelling);
