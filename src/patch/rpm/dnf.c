/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"

#define STATUS_LOCKED 200 /* "a problem with acquiring or releasing of locks" */

/* ---- what it says ---- */

static struct strs names_that_go(struct arena *a, const struct hand_call *call)
{
    struct strs names = { .items = arena_array(a, struct str, call->count + 1) };

    for (size_t i = 0; i < call->count; i++)
        if (change_removes(call->changes[i]))
            names.items[names.count++] = call->changes[i]->name;
    return names;
}

static void judge(struct arena *a, const struct hand_call *call, struct child_result *answer)
{
    struct str stranger = dnf_output_stranger(answer->output, names_that_go(a, call));

    for (size_t i = 0; i < call->count; i++) {
        struct change *change = call->changes[i];

        change->done = change_removes(change)
                           ? dnf_output_removes(answer->output, change->name)
                           : dnf_output_brings(answer->output, change->new_name, change->to);
        if (change->done && call->request->is_return && str_is_set(stranger))
            change->failure = arena_fmt(a, "it would change %.*s too", STR(stranger));
    }
}

static bool next_brought(struct arena *a, struct str *output, struct str *section,
                         struct hand_brought *ret)
{
    if (!dnf_output_next(output, section, ret))
        return false;
    if (str_find(ret->version, ':') < 0)
        ret->version = arena_fmt(a, "0:%.*s", STR(ret->version));
    return true;
}

/* hand_row()s; `which` is --available or --userinstalled. */
static int list(struct arena *a, const struct change_request *request, const char *which,
                struct str *ret_rows, struct str *ret_why)
{
    const char *const args[] = {
        "-q",        "--setopt=*.metadata_expire=-1",
        "repoquery", "--qf=<%{name} %{epoch}:%{version}-%{release} %{arch}>",
        which,
    };

    return hand_list(a, &dnf_hand, request, args, ARRAY_LEN(args), 0, ret_rows, ret_why);
}

static int list_offered(struct arena *a, const struct change_request *request, struct str *ret_rows,
                        struct str *ret_why)
{
    return list(a, request, "--available", ret_rows, ret_why);
}

/* dnf remembers of each package why it is there. */
int dnf_find_marks(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct str wanted;

    if (hand_count_open(request) == 0)
        return 0;
    PASS(list(a, request, "--userinstalled", &wanted, ret_why));
    for (size_t i = 0; i < request->count; i++)
        if (!str_contains(wanted, hand_row(a, &request->changes[i])))
            request->changes[i].mark = request->changes[i].name;
    return 0;
}

const struct rpm_hand dnf_hand = {
    .name = "dnf",
    .locked_status = STATUS_LOCKED,
    .locked = S_INIT("another package manager holds dnf's or rpm's lock"),
    .begins = S_INIT("\nRunning transaction\n"),
    .leaves_out = true,
    .hides = true,
    .begin = dnf_begin,
    .command = dnf_command,
    .blames = dnf_output_blames,
    .explain = dnf_output_reason,
    .judge = judge,
    .next_brought = next_brought,
    .list_offered = list_offered,
};

/* ---- refresh ---- */

int dnf_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why)
{
    /* A repository that cannot be reached is an error, whatever its configuration
     * says: metadata that is silently old makes a host look compliant. */
    static const char *const args[] = { "--refresh", "--setopt=*.skip_if_unavailable=0",
                                        "--setopt=retries=2", "makecache" };

    return hand_refresh(a, &dnf_hand, host, timeout, args, ARRAY_LEN(args), ret_why);
}
