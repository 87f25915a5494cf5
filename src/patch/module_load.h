/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and loads the module of a package family: patchbay-NAME.so beside the
 * program (the build tree), or in ../lib/patchbay from there (installed). No
 * variable of the environment says where: the program runs as root.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "patch/module.h"

enum module_outcome {
    MODULE_UNUSABLE = 1, /* *ret_why says why: it is for people */
};

/* It stays loaded until the process ends. */
MUST_CHECK int module_load(struct arena *a, const char *name, const struct module **ret,
                           struct str *ret_why);
