/* SPDX-License-Identifier: Apache-2.0 */
/* Where the versions are that a rollback returns to, and what came along. */
#include "patch/rpm/dnf.h"
#include "patch/rpm/dnf_run.h"
#include "sys/clock.h"

/* Its lines are dnf_row()s. */
#define QUERY "--qf=<%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}>\n"

struct str dnf_row(struct arena *a, const struct change *c)
{
    return arena_fmt(a, "<%.*s %.*s %.*s>", STR(c->new_name),
                     STR(change_removes(c) ? c->from : c->to), STR(c->new_arch));
}

static size_t count_open(const struct change_request *request)
{
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        count += !str_is_set(request->changes[i].failure);
    return count;
}

static void add_names(struct arena *a, struct child *child, const struct change_request *request)
{
    child_arg(a, child, "--");
    for (size_t i = 0; i < request->count; i++)
        if (!str_is_set(request->changes[i].failure))
            child_arg(a, child, arena_cstr(a, request->changes[i].new_name));
}

/* `which` is --available or --userinstalled. */
static int list(struct arena *a, const struct change_request *request, const char *which,
                struct child_result *ret)
{
    static const char *const args[] = {
        "-q",
        "--setopt=*.metadata_expire=-1",
        "repoquery",
        "--qf=<%{name} %{epoch}:%{version}-%{release} %{arch}>",
    };
    struct child child = { .timeout = SHORT_TIMEOUT };

    dnf_begin(a, &child, request->host, true);
    child_args(a, &child, args, ARRAY_LEN(args));
    child_arg(a, &child, which);
    add_names(a, &child, request);
    return dnf_ask_until(a, &child, -1, clock_monotonic() + request->lock_timeout, ret);
}

int dnf_list_installed(struct arena *a, const struct change_request *request, struct str *ret)
{
    static const char *const args[] = { "/usr/bin/rpm", "-q", QUERY };
    struct child child = { .timeout = SHORT_TIMEOUT };
    struct child_result answer;

    *ret = S("");
    if (count_open(request) == 0)
        return 0;
    child_args(a, &child, args, ARRAY_LEN(args));
    add_names(a, &child, request);
    TRY(dnf_ask(a, &child, -1, &answer)); /* its status tells that one is not there */
    *ret = answer.output;
    return 0;
}

int dnf_find_versions(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child_result offered;
    struct str installed;

    if (count_open(request) == 0)
        return 0;
    TRY(list(a, request, "--available", &offered));
    if (offered.status != 0) {
        *ret_why = dnf_reason(a, &offered, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    TRY(dnf_list_installed(a, request, &installed));
    for (size_t i = 0; i < request->count; i++) {
        struct change *c = &request->changes[i];

        if (str_is_set(c->failure) || change_removes(c))
            continue;
        if (str_contains(installed, dnf_row(a, c)))
            c->failure =
                arena_fmt(a, "version %.*s is still there beside the newer one", STR(c->to));
        else if (!str_contains(offered.output, dnf_row(a, c)))
            c->failure = arena_fmt(a, "version %.*s is in no repository", STR(c->to));
    }
    return 0;
}

/* dnf remembers of each package why it is there. */
int dnf_find_marks(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child_result wanted;

    if (count_open(request) == 0)
        return 0;
    TRY(list(a, request, "--userinstalled", &wanted));
    if (wanted.status != 0) {
        *ret_why = dnf_reason(a, &wanted, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    for (size_t i = 0; i < request->count; i++)
        request->changes[i].automatic =
            !str_contains(wanted.output, dnf_row(a, &request->changes[i]));
    return 0;
}
