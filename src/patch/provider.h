/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a package family has to offer to the patch program: facts about every
 * package of a host, fresh package lists, and changes. The program above it
 * knows no package manager; a provider knows no baseline.
 */
#pragma once

#include "base/err.h"
#include "engine/baseline.h"
#include "patch/host.h"

struct package {
    struct patch_facts facts;
    struct str manager_name;       /* as the manager wants it: "zlib1g:amd64" */
    struct str new_name, new_arch; /* what it is once the candidate is there: mostly the same */
    struct baseline_decision decision;
    msec installed_at; /* 0: not looked up, or unknown */
};

struct packages {
    struct package *items; /* sorted by name, then architecture */
    size_t count, capacity;
    size_t n_security_sources; /* that the manager has lists of; 0: nothing can look missing */
};

/* A package that is not on the host, but could be. */
typedef void package_absent(void *context, const struct patch_facts *facts);

struct scan_request {
    const struct host *host;
    struct str cache_dir;   /* of the provider's own; absent: keep no cache */
    package_absent *absent; /* may be NULL, which is faster */
    void *context;
};

struct change {
    struct str manager_name, name, arch, from;
    struct str to; /* absent, of a return only: the package goes, as it was not there before */
    struct str new_name, new_arch; /* where it is found afterwards: mostly the same */
    const char *archive; /* the file to install where no repository has `to`; NULL: one has */
    struct str mark; /* absent, or the manager's name for it among what is there for others' sake */
    bool done;
    struct strs others; /* of what comes along: versions that a repository has beside `to` */
    struct str failure; /* where not done */
};

struct changes {
    struct change *items;
    size_t count, capacity;
};

/* What changes take on the disks; see struct module_space. */
struct provider_space {
    const char *archive_dir;
    int64_t archives, growth, largest; /* bytes */
    unsigned n_kernels;
};

struct gate;
struct memory_group;

struct change_request {
    const struct host *host;
    struct change *changes;
    size_t count;
    struct change *along; /* what comes along with changes comes at these versions, or they fail */
    size_t n_along;
    struct strs blocked;  /* names that nothing may bring in, with wildcards */
    bool is_return;       /* back to what was: older versions too, all or none, nothing else */
    int64_t memory_limit; /* bytes, for each process of the manager; 0: none */
    const struct memory_group *group; /* what it is started in; NULL: where we are */
    const struct gate *gate;          /* when to begin nothing more (gate.h); NULL: never */
    msec lock_timeout;                /* how long to wait for another package manager */
    int log;                          /* file descriptor that gets the manager's output; -1 none */
};

enum provider_outcome {
    PROVIDER_FAILED = 1, /* *ret_why says why: it is for people */
    PROVIDER_LOCKED = 2, /* another package manager did not let go in time */
};

struct provider {
    const char *name;
    enum patch_family family;

    const char *module; /* that knows the facts */
    char arch_mark;     /* between name and architecture, as the manager writes them */

    /* Write down, in this folder, repositories that replace the host's own for all other
     * calls with a host whose sources_dir it is. Nothing else of the host is touched, so
     * nothing has to be put back; lists of packages are kept there too. The configurations
     * are right by engine/patch_source.h. NULL: there are none for this family. Outcome
     * PROVIDER_FAILED. */
    int (*use_sources)(struct arena *a, const char *dir, struct strs configurations,
                       struct str *ret_why);

    /* Fetch the package lists. Outcomes PROVIDER_FAILED, PROVIDER_LOCKED. */
    int (*refresh)(struct arena *a, const struct host *host, msec timeout, struct str *ret_why);

    /* What an Install would do, each change on its own: sets `failure` on those
     * that cannot be done without a removal or a blocked package. Outcome
     * PROVIDER_FAILED. */
    int (*simulate)(struct arena *a, struct change_request *request, struct str *ret_why);

    /* For changes to another version than the offered one: where each `to` is still to be
     * had (sets `archive`), or `failure`. Outcome PROVIDER_FAILED. NULL: this family cannot
     * tell before it tries. */
    int (*find_versions)(struct arena *a, struct change_request *request, struct str *ret_why);

    /* What the changes would bring along that is none of them: dependencies, at which
     * versions (`from` is absent where it is new). Outcome PROVIDER_FAILED. */
    int (*find_along)(struct arena *a, const struct change_request *request, struct changes *ret,
                      struct str *ret_why);

    /* Set `mark` of each change, of those that have one (marks.h). Outcome PROVIDER_FAILED. NULL:
     * this family has none. */
    int (*find_marks)(struct arena *a, struct change_request *request, struct str *ret_why);

    /* Give these their marks again, where they were lost. Outcome PROVIDER_FAILED; PROVIDER_LOCKED:
     * not while another package manager is at work. NULL: the manager keeps them. */
    int (*restore_marks)(struct arena *a, struct strs names, struct str *ret_why);

    /* Fill in installed_at of each package, where it is known. */
    void (*date)(struct arena *a, const struct host *host, struct packages *packages);

    /* Bring the changes in, as many as will go; the caller scans afterwards and
     * judges by what is there. Sets `failure` where the manager gave a reason.
     * Outcomes PROVIDER_FAILED, PROVIDER_LOCKED: nothing was changed. */
    int (*install)(struct arena *a, struct change_request *request, struct str *ret_why);
};

static inline bool change_removes(const struct change *change)
{
    return !str_is_set(change->to);
}

void changes_add(struct arena *a, struct changes *changes, const struct change *change);

/* The change of this package, by what it is called before or after; NULL: none is. */
struct change *change_find(struct change *changes, size_t count, struct str name, struct str arch);

/* Why a change fails that needs what is held to another version. */
struct str change_needs_held(struct arena *a, const struct change *along);

extern const struct provider provider_apt, provider_rpm, provider_zypper;

const struct provider *provider_find(enum patch_family family); /* NULL if there is none */

/* Every installed package. Outcome PROVIDER_FAILED. */
MUST_CHECK int provider_scan(struct arena *a, const struct provider *provider,
                             const struct scan_request *request, struct packages *ret,
                             struct str *ret_why);

/* What the changes of a request would take. False: not known, as the package manager looks
 * for itself or cannot tell. After provider_scan() by the same request. */
bool provider_measure(struct arena *a, const struct provider *provider,
                      const struct scan_request *scan, const struct change_request *request,
                      struct provider_space *ret);

/* For providers whose module knows the marks; after provider_scan(). Outcome PROVIDER_FAILED. */
MUST_CHECK int provider_find_marks(struct arena *a, const struct provider *provider,
                                   struct change_request *request, struct str *ret_why);
MUST_CHECK int provider_restore_marks(struct arena *a, const struct provider *provider,
                                      struct strs names, struct str *ret_why);
