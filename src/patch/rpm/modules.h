/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Module streams: which are active on a host, by what is enabled, what is the
 * default, and what they need of each other and of the platform. A package of a
 * stream that is not active is no candidate, and neither is a package from
 * elsewhere with the name of one that an active stream has.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "patch/rpm/ini.h"

struct module_need {
    struct str module;
    struct strs streams; /* any of them; "-x": any but x; none: any at all */
};

struct module_needs { /* all of them */
    struct module_need *items;
    size_t count;
};

struct module_stream {
    struct str module, stream, context;
    uint64_t version;
    struct module_needs *needs; /* one of these; none: it needs nothing */
    size_t n_needs;
    struct strs artifacts; /* name-epoch:version-release.arch */
    bool active;
};

/* What is chosen of a module: by the administrator, or by default. */
struct module_choice {
    struct str module, stream;
    bool is_enabled, is_disabled, is_default;
};

struct modules {
    struct module_stream *streams;
    size_t n_streams, streams_capacity;
    struct module_choice *choices;
    size_t n_choices, choices_capacity;
    struct strs names; /* of the packages of active streams, sorted */
};

enum modules_outcome {
    MODULES_UNRESOLVED = 1, /* *ret_why names the enabled stream that cannot be active */
};

/* One state file of /etc/dnf/modules.d; what it says goes before any default. */
void modules_add_state(struct arena *a, struct modules *m, struct str text);
void modules_add_default(struct arena *a, struct modules *m, struct str module, struct str stream);
void modules_add_stream(struct arena *a, struct modules *m, const struct module_stream *stream);

/* Whether any version of the chosen stream is known. */
bool modules_has(const struct modules *m, const struct module_choice *choice);

/* Sets `active` of the streams. `platform` is "platform:el9". */
MUST_CHECK int modules_resolve(struct arena *a, struct modules *m, struct str platform,
                               struct str *ret_why);

bool modules_is_active(const struct modules *m, struct str module, struct str stream);
