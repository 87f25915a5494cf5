/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch decision: what a baseline says about one package on one host.
 *
 * One pure function, baseline_decide(), turns (facts about a package, baseline,
 * time) into a state, a compliance level and the chain of reasons. The patch
 * program, the effective-patches API and "why" all ask it. It knows neither a
 * package manager nor a text form: a provider fills the facts, baseline_doc.h
 * reads and writes the document, baseline_default.h has the predefined ones.
 */
#pragma once

#include "engine/patch_os.h"

enum compliance_level {
    COMPLIANCE_UNSPECIFIED, /* in rising order: of several rules the highest counts */
    COMPLIANCE_INFORMATIONAL,
    COMPLIANCE_LOW,
    COMPLIANCE_MEDIUM,
    COMPLIANCE_HIGH,
    COMPLIANCE_CRITICAL,
};

const char *compliance_level_name(enum compliance_level level); /* CRITICAL */
bool compliance_level_parse(struct str name, enum compliance_level *ret);

struct baseline_filter {
    enum patch_key key;
    struct strs values; /* any of them; '*' is a wildcard */
};

struct baseline_filters {
    struct baseline_filter *items; /* all of them; none matches everything */
    size_t count;
};

struct baseline_rule {
    struct baseline_filters filters;
    enum compliance_level level;
    bool enable_non_security;
    bool has_after_days, has_until;
    int approve_after_days;
    msec approve_until; /* the last instant of that day */
};

enum rejected_action {
    REJECTED_ALLOW_AS_DEPENDENCY,
    REJECTED_BLOCK,
};

struct baseline_source {
    struct str name;
    struct strs products;
    struct str configuration;
};

struct baseline {
    struct str id, name, description, account;
    enum patch_os os;
    struct baseline_filters global;
    struct baseline_rule *rules;
    size_t n_rules;
    struct strs approved;
    enum compliance_level approved_level;
    bool approved_non_security;
    struct strs rejected;
    enum rejected_action rejected_action;
    struct baseline_source *sources;
    size_t n_sources;
    msec created_at, modified_at;
};

/* What an advisory says of each version that it lists. */
struct patch_notice {
    struct str id; /* RLSA-2024:0001 */
    struct str classification, severity;
    msec updated_at; /* 0: unknown */
};

struct patch_notices {
    struct patch_notice *items;
    size_t count;
};
#define PATCH_NOTICES_MAX 256 /* that one version is in: more are not looked at */

/* One version of a package, as a repository offers it or the host has it. */
struct patch_version {
    struct str version;           /* absent: there is none */
    struct str origin;            /* where from, for people: "Debian-Security bookworm-security" */
    bool security;                /* from a security source */
    struct str priority, section; /* apt */
    struct patch_notices notices; /* rpm, zypper: a rule is about one of them */
    struct str classification, severity; /* of the gravest of them, which is what is shown */
    struct strs cves, bugs;              /* of all of them */
    msec released_at;                    /* of the gravest, or its own; 0: unknown */
};

struct patch_facts {
    struct str name, arch, product;
    struct patch_version installed;
    struct patch_version candidate; /* what the native manager would install now */
    bool has_update;                /* candidate is newer than installed, in the native order */
    struct str hidden;              /* a newer version that pins keep away; absent if none */
    bool held;                      /* the administrator forbade changes */
    bool phased;                    /* the update is not yet meant for this host */
    bool broken;                    /* dpkg or rpm left it half installed */
    bool failed;                    /* this run tried to install it, and it is not there */
    struct str failure;             /* why */
    bool pending_reboot;            /* installed by a run since the last boot */
};

/* "zlib1g", "zlib1g.amd64" as reports have it, "zlib1g:amd64" as Debian has it. */
bool patch_facts_named(const struct patch_facts *f, struct str name);

enum patch_state {
    PATCH_NOT_APPLICABLE, /* not on the host */
    PATCH_INSTALLED,
    PATCH_INSTALLED_OTHER,
    PATCH_INSTALLED_PENDING_REBOOT,
    PATCH_INSTALLED_REJECTED,
    PATCH_MISSING,
    PATCH_FAILED,
};
#define PATCH_STATES (PATCH_FAILED + 1)

const char *patch_state_name(enum patch_state state);           /* InstalledOther */
const char *patch_state_api(enum patch_state state);            /* INSTALLED_OTHER */
bool patch_state_parse(struct str name, enum patch_state *ret); /* InstalledOther */
bool patch_state_is_compliant(enum patch_state state);

/* In rising order of how close it came. */
enum baseline_verdict {
    BASELINE_NOT_FILTERED, /* the global filters drop it */
    BASELINE_NO_RULE,      /* no rule's filters match */
    BASELINE_NOT_SECURITY, /* a rule or the list matches, the source is no security source */
    BASELINE_WAITS,        /* a rule matches, its date has not come, or is past */
    BASELINE_REJECTED,
    BASELINE_APPROVED,
};

struct baseline_approval {
    enum baseline_verdict verdict;
    enum compliance_level level; /* if approved */
    int rule;          /* index of the rule that said it; -1: the approved list, or none */
    struct str notice; /* that the rule said it of; absent: the version is in none */
    bool by_list;
};

/* Whether the baseline wants this version of the package, wherever it is now.
 * For a rule's dates `now` counts. */
struct baseline_approval baseline_approves(const struct baseline *b, const struct patch_facts *f,
                                           const struct patch_version *v, msec now);

/* What a part of the baseline says on its own; baseline_approves() is their sum. A rule says
 * what comes closest to an approval of any one notice: filters and date are never met by two
 * notices together. Their order is irrelevant. */
struct baseline_opinion {
    enum baseline_verdict verdict;
    msec approved_at;  /* WAITS, APPROVED: when its date is or was met; 0: none plays a part */
    struct str notice; /* of a rule: the notice that it says it of; absent: there is none */
};
bool baseline_passes_globals(const struct baseline *b, const struct patch_facts *f,
                             const struct patch_version *v);
struct baseline_opinion baseline_rule_says(const struct baseline *b,
                                           const struct baseline_rule *rule,
                                           const struct patch_facts *f,
                                           const struct patch_version *v, msec now);
/* BASELINE_NO_RULE: the approved list does not name it. */
enum baseline_verdict baseline_list_says(const struct baseline *b, const struct patch_facts *f,
                                         const struct patch_version *v);
/* The list may name one version: that is no word on any other, so a fix of it is not rejected. */
bool baseline_rejects(const struct baseline *b, const struct patch_facts *f,
                      const struct patch_version *v);

struct baseline_decision {
    enum patch_state state;
    enum compliance_level level;
    bool install;              /* an Install run should bring the candidate in */
    struct str classification; /* of the version that counts */
    struct str reason;         /* the chain, one clause after the other */
};

struct baseline_decision baseline_decide(struct arena *a, const struct baseline *b,
                                         const struct patch_facts *f, msec now);
