/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libapt-pkg knows of the packages of a host, in plain C. apt.cc, behind
 * this header, is the only C++ in the tree: it agrees with apt on sources, pins,
 * holds and phasing because it asks apt. It only reads, takes no lock of apt or
 * dpkg, and keeps a package cache of its own, so that it never invalidates (or
 * trusts) the one apt itself uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct apt_version {
    const char *version;  /* NULL: there is none */
    const char *arch;     /* "all" for what fits everywhere */
    const char *origin;   /* "Label archive", of the source that counts; "" if none */
    const char *priority; /* "optional" where the package says nothing */
    const char *section;
    bool security;
};

/* Views are good until the visitor returns. */
struct apt_package {
    const char *name;
    const char *arch; /* as apt-get wants it after the colon: never "all" */
    struct apt_version installed, candidate;
    const char *hidden; /* a newer version that pins keep away; NULL if none */
    bool has_update, held, phased, broken;
};

typedef void apt_visitor(void *context, const struct apt_package *package);

struct apt_options {
    const char *root;      /* "/" or another root's path */
    const char *cache_dir; /* absolute, within the root; NULL: no cache is kept */
    const char *id;        /* ID of os-release: debian, ubuntu, raspbian */
    const char *codename;  /* VERSION_CODENAME */
    apt_visitor *visit;
    void *context;
    bool absent_too;            /* also visit packages that are not installed but could be */
    size_t *n_security_sources; /* set to the number of package lists from security sources */
};

/* The root and the cache of the first scan are those of all further ones in this
 * process: libapt's configuration is global. False with *why, of at
 * most `size` bytes, where the package lists cannot be read. */
bool apt_scan(const struct apt_options *options, char *why, size_t size);

#ifdef __cplusplus
}
#endif
