/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an RPM host is changed, whichever package manager does it: all in one transaction,
 * what did not come in looked for in rpm's database, what keeps the others out set aside.
 * A manager is a struct of how it is called and what its words mean (dnf.c, zypper.c).
 */
#pragma once

#include "patch/child.h"
#include "patch/provider.h"

#define HAND_INSTALL_TIMEOUT (110 * MSEC_MINUTE) /* below the 7200 s of the document's step */
#define HAND_SHORT_TIMEOUT   (5 * MSEC_MINUTE)

enum hand_act {
    HAND_BRING,  /* bring these changes in */
    HAND_TRY,    /* say whether they would come in, changing nothing */
    HAND_REPAIR, /* what is there in two versions, of a transaction that was cut off */
};

struct hand_call {
    const struct change_request *request;
    struct change **changes;
    size_t count;
    enum hand_act act;
    const bool *named; /* which of the request's `along` are to be named too; NULL: none */
};

/* A package that a HAND_TRY would bring in. */
struct hand_brought {
    struct str name, version, arch; /* with its epoch */
    bool is_new;
};

struct rpm_hand {
    const char *name;  /* "dnf" */
    int locked_status; /* what it ends with where another holds its lock */
    struct str locked; /* that one does, for people */
    struct str begins; /* what it prints before it changes anything, once all is downloaded */
    bool leaves_out;   /* a HAND_TRY leaves out what cannot come in, and tells of the others */
    bool hides;        /* it is told which versions of what comes along not to take, or else the
                        * names of those that it takes */

    /* The program and what it is always told; `is_gentle` where it changes nothing. */
    void (*begin)(struct arena *a, struct child *child, const struct host *host, bool is_gentle);

    /* The command line. `*ret_script`, where it is set, is a file that the program reads, to
     * be closed after it. */
    int (*command)(struct arena *a, const struct hand_call *call, struct child *ret,
                   int *ret_script);

    /* What it says of a package; a `name` that is absent is any. */
    struct str (*blames)(struct str output, struct str name);
    struct str (*explain)(struct arena *a, struct str output, struct str name);

    /* Sets `done` of the changes that a HAND_TRY would bring in, or `failure`. */
    void (*judge)(struct arena *a, const struct hand_call *call, struct child_result *answer);

    /* The next package that a HAND_TRY would bring in; *ret_section is to be absent at
     * first. False: there are no more. */
    bool (*next_brought)(struct arena *a, struct str *output, struct str *section,
                         struct hand_brought *ret);

    /* hand_row()s of the versions that the repositories have of a request's packages. Outcome
     * PROVIDER_FAILED. */
    int (*list_offered)(struct arena *a, const struct change_request *request, struct str *ret_rows,
                        struct str *ret_why);
};

/* What every provider of an RPM host offers; see provider.h. */
int hand_use_sources(struct arena *a, const char *dir, struct strs configurations,
                     struct str *ret_why);
int hand_install(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                 struct str *ret_why);
int hand_simulate(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                  struct str *ret_why);
int hand_find_along(struct arena *a, const struct rpm_hand *hand,
                    const struct change_request *request, struct changes *ret, struct str *ret_why);
int hand_find_versions(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                       struct str *ret_why);

/* ---- for the managers ---- */

/* With these arguments. Outcomes as of a provider's refresh(). */
int hand_refresh(struct arena *a, const struct rpm_hand *hand, const struct host *host,
                 msec timeout, const char *const *args, size_t n_args, struct str *ret_why);

/* What it lists with these arguments and the names of what is still to be done; where it has
 * none of them it may end with `none_status`. Outcome PROVIDER_FAILED. */
int hand_list(struct arena *a, const struct rpm_hand *hand, const struct change_request *request,
              const char *const *args, size_t n_args, int none_status, struct str *ret_output,
              struct str *ret_why);

/* With the limits of what a call does. */
struct child hand_child(const struct hand_call *call);

/* In an environment of our own: nothing asks, nothing is translated, and no variable of the
 * caller changes what they do. */
MUST_CHECK int hand_ask(struct arena *a, struct child *child, int log, struct child_result *ret);

/* It changes nothing, so it can wait for the host's own work. */
void hand_go_gently(struct arena *a, struct child *child);

/* Is the change still to be done, and no repair? */
bool hand_is_open(const struct change *change);

size_t hand_count_open(const struct change_request *request);

/* A version of a package in a list of them: the one that came in, or is to go. */
struct str hand_row(struct arena *a, const struct change *change);
#define HAND_ROW "<%.*s %.*s %.*s>" /* name, version with its epoch, architecture */

/* ---- reading what rpm and the managers print ---- */

/* A word of plain English may be a package's name: with a version behind it, or as
 * "package NAME" at the end. */
bool hand_mentions(struct str line, struct str name);

/* The first line that has these words; of this package, if a name is given. */
struct str hand_find_line(struct str output, struct str name, const char *words);

struct str hand_clip(struct arena *a, struct str reason);
