/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a package library tells of a host, in plain C: the one interface of the
 * modules that patchbay-patch loads when it runs. Only a module is linked with
 * its family's library, so a Debian host needs no libsolv and an RPM host no
 * libapt-pkg. A module reads: it takes no lock of the package manager, changes
 * nothing but its own cache and, where it is told to, marks; it knows no baseline.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODULE_ABI    6
#define MODULE_SYMBOL patchbay_module

struct module_notice {
    const char *id;
    const char *classification, *severity; /* NULL: it says none */
    long long updated_at;                  /* seconds since 1970; 0: unknown */
};

struct module_version {
    const char *version;  /* NULL: there is none */
    const char *arch;     /* "all" or "noarch" for what fits everywhere */
    const char *origin;   /* for people: the repository that counts; "" if none */
    const char *priority; /* apt; NULL elsewhere */
    const char *section;
    const char *classification; /* of the gravest notice that lists it; NULL: none */
    const char *severity;
    const struct module_notice *notices; /* all of them */
    size_t n_notices;
    const char *const *cves; /* these end with NULL; NULL: none */
    const char *const *bugs;
    long long released_at; /* seconds since 1970; 0: unknown */
    bool security;         /* from a security source */
};

/* Views are good until the visitor returns. */
struct module_package {
    const char *name;
    const char *arch; /* as the manager wants it beside the name */
    struct module_version installed, candidate;
    const char *becomes;    /* the package that takes its place; NULL: it keeps its name */
    const char *hidden;     /* a newer version that pins or excludes keep away; NULL if none */
    long long installed_at; /* seconds since 1970; 0: unknown */
    bool has_update, held, phased, broken;
};

typedef void module_visitor(void *context, const struct module_package *package);

struct module_request {
    const char *root;        /* "/" or another root's path */
    const char *cache_dir;   /* absolute, within the root; NULL: no cache is kept */
    const char *id;          /* ID of os-release: debian, rocky */
    const char *codename;    /* VERSION_CODENAME */
    const char *platform;    /* PLATFORM_ID: "platform:el9" */
    const char *sources_dir; /* repositories instead of the host's own; NULL: its own */
    module_visitor *visit;
    void *context;
    bool absent_too;            /* also visit packages that are not installed but could be */
    size_t *n_security_sources; /* set to the number of package lists from security sources */
};

/* A change as the package manager would make it. */
struct module_change {
    const char *name;                /* as the manager wants it */
    const char *new_name, *new_arch; /* what it is afterwards: mostly the same */
    const char *version;             /* NULL: it goes */
    bool automatic;                  /* it is there for others' sake alone; set by read_marks() */
};

/* What changes take on the disks, with all that they bring in beside themselves. */
struct module_space {
    char archive_dir[512];
    long long archives; /* bytes still to be fetched into it */
    long long growth;   /* of what is unpacked; below 0: it shrinks */
    long long largest;  /* of one package, unpacked */
    unsigned n_kernels; /* that come in beside those that are there */
};

struct module {
    unsigned abi;     /* MODULE_ABI of the headers it was built with */
    size_t size;      /* of struct module_package, likewise */
    const char *name; /* "apt" */

    /* False with *why, of at most `size` bytes, where the package lists cannot be
     * read. The root and the cache of the first scan are those of all further
     * ones in this process. */
    bool (*scan)(const struct module_request *request, char *why, size_t size);

    /* After a scan with the same request, whose visitor is not used here. NULL: the package
     * manager looks for itself before it begins. False: it cannot be told. */
    bool (*measure)(const struct module_request *request, const struct module_change *changes,
                    size_t count, struct module_space *ret, char *why, size_t size);

    /* After a scan: set `automatic` of each change as the package manager has it marked.
     * NULL: the manager keeps its marks when packages are named to it. */
    bool (*read_marks)(struct module_change *changes, size_t count, char *why, size_t size);

    /* Mark these names (as in module_change) so again, where the mark was lost. NULL: likewise. */
    bool (*restore_marks)(const char *const *names, size_t count, char *why, size_t size);
};

extern const struct module MODULE_SYMBOL __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif
