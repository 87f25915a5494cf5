/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"

#include "sys/clock.h"

#define STATUS_NO_PROGRAM 127
#define STATUS_LOCKED     200 /* "a problem with acquiring or releasing of locks" */
#define LOCKED            S_INIT("another package manager holds dnf's or rpm's lock")

/* ---- what it says ---- */

static bool is_locked(const struct child_result *answer)
{
    return answer->status == STATUS_LOCKED;
}

static struct str reason_of(struct arena *a, const struct child_result *answer, struct str name)
{
    struct str ended = child_reason(a, answer, name);
    struct str reason = dnf_output_reason(a, answer->output, name);

    if (str_is_set(ended))
        return ended;
    if (answer->timed_out)
        return HAND_TOO_LONG;
    if (is_locked(answer))
        return (struct str)LOCKED;
    if (answer->status == STATUS_NO_PROGRAM)
        return S("there is no dnf on this host");
    if (str_is_set(reason))
        return reason;
    return arena_fmt(a, "dnf ended with status %d and without it", answer->status);
}

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
    static const char *const args[] = {
        "-q",
        "--setopt=*.metadata_expire=-1",
        "repoquery",
        "--qf=<%{name} %{epoch}:%{version}-%{release} %{arch}>",
    };
    struct child child = { .timeout = HAND_SHORT_TIMEOUT };
    struct child_result answer;

    dnf_begin(a, &child, request->host, true);
    child_args(a, &child, args, ARRAY_LEN(args));
    child_arg(a, &child, which);
    hand_add_names(a, &child, request);
    TRY(hand_ask_until(a, &dnf_hand, &child, -1, clock_monotonic() + request->lock_timeout,
                       &answer));
    if (answer.status != 0) {
        *ret_why = reason_of(a, &answer, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    *ret_rows = answer.output;
    return 0;
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
    .locked = LOCKED,
    .begins = S_INIT("\nRunning transaction\n"),
    .leaves_out = true,
    .hides = true,
    .command = dnf_command,
    .is_locked = is_locked,
    .blames = dnf_output_blames,
    .reason = reason_of,
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
    struct child child = { .timeout = timeout };

    if (!str_eq(host->root, S("/"))) {
        *ret_why = HAND_NOT_FROM_HERE;
        return PROVIDER_FAILED;
    }
    dnf_begin(a, &child, host, true);
    child_args(a, &child, args, ARRAY_LEN(args));
    return hand_refresh(a, &dnf_hand, &child, ret_why);
}
