/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the schedule function is told by its environment variables, trimmed and
 * checked: a mistake is named before anything is started.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct settings {
    struct strs accounts; /* account or organizational unit ids */
    struct strs regions;
    struct str operation, reboot_option;
    struct str override_list; /* empty: none */
    struct str location_concurrency, location_errors;
    struct str execution_role;      /* a name */
    struct str administration_role; /* an ARN */
    struct str document;

    /* The runbook was made with these; they are checked and told, not passed on. */
    struct str group, max_concurrency, max_errors;
};

enum settings_outcome {
    SETTINGS_WRONG = 1, /* *ret_why says which, for a person */
};

/* `variable` answers with the text of an environment variable, absent if there
 * is none. Outcome above. */
MUST_CHECK int settings_read(struct arena *a, struct str (*variable)(const char *name),
                             struct settings *ret, struct str *ret_why);
