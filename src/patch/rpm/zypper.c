/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/zypper.h"

#include "base/buf.h"
#include "sys/file.h"

#define STATUS_LOCKED        7 /* another program holds /run/zypp.pid */
#define STATUS_REFUSED       4 /* the solver found no way */
#define STATUS_NOTHING_FOUND 104
#define LOCKED               S_INIT("another package manager holds zypper's or rpm's lock")
#define MARKS                "/var/lib/zypp/AutoInstalled"
#define PID_FILE             "/run/zypp.pid"
#define MARKS_MAX            ((size_t)1024 * 1024)

/* ---- a try ---- */

static struct str full_version(struct arena *a, struct str edition)
{
    return str_find(edition, ':') < 0 ? arena_fmt(a, "0:%.*s", STR(edition)) : edition;
}

static bool is_removal(const struct zypper_solvable *s)
{
    return str_eq(s->section, S("to-remove"));
}

static bool is_step_of(struct arena *a, const struct zypper_solvable *s, const struct change *c)
{
    if (change_removes(c) != is_removal(s))
        return false;
    return str_eq(s->name, c->new_name) && str_eq(s->arch, c->new_arch) &&
           str_eq(full_version(a, s->edition), change_removes(c) ? c->from : c->to);
}

/* What another package takes the place of goes. */
static bool is_meant(struct arena *a, const struct hand_call *call, const struct zypper_solvable *s)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct change *c = call->changes[i];

        if (is_step_of(a, s, c) ||
            (is_removal(s) && str_eq(s->name, c->name) && !str_eq(c->name, c->new_name)))
            return true;
    }
    return false;
}

/* By its name, or by name-version-release.arch with or without ".rpm". */
static bool is_blocked(struct arena *a, const struct hand_call *call,
                       const struct zypper_solvable *s)
{
    struct str full =
        arena_fmt(a, "%.*s-%.*s.%.*s.rpm", STR(s->name), STR(s->edition), STR(s->arch));

    for (size_t i = 0; i < call->request->blocked.count; i++) {
        struct str pattern = call->request->blocked.items[i];

        if (!is_removal(s) && (str_glob(pattern, s->name) || str_glob(pattern, full) ||
                               str_glob(pattern, str_slice(full, 0, full.len - 4))))
            return true;
    }
    return false;
}

static bool next_brought(struct arena *a, struct str *output, struct str *section,
                         struct hand_brought *ret)
{
    struct zypper_solvable s;

    while (zypper_output_next(output, section, &s))
        if (!is_removal(&s)) {
            *ret = (struct hand_brought){ .name = s.name,
                                          .version = full_version(a, s.edition),
                                          .arch = s.arch,
                                          .is_new = str_eq(s.section, S("to-install")) };
            return true;
        }
    return false;
}

/* Absent, or of what comes along at another version than it is held to. */
static struct str find_other_version(struct arena *a, const struct hand_call *call,
                                     const struct zypper_solvable *s)
{
    const struct change *c =
        change_find(call->request->along, call->request->n_along, s->name, s->arch);

    if (!c || is_removal(s) || str_eq(full_version(a, s->edition), c->to))
        return (struct str){ 0 };
    return change_needs_held(a, c);
}

/* What may not be part of it: what is blocked, and beside a return anything else. */
static struct str find_stranger(struct arena *a, const struct hand_call *call, struct str output)
{
    struct zypper_solvable s;
    struct str section = { 0 }, other;

    while (zypper_output_next(&output, &section, &s)) {
        other = find_other_version(a, call, &s);
        if (str_is_set(other))
            return other;
        if (is_blocked(a, call, &s))
            return arena_fmt(a, "it would bring in %.*s, which is rejected", STR(s.name));
        if (call->request->is_return && !is_meant(a, call, &s))
            return arena_fmt(a, "it would change %.*s too", STR(s.name));
    }
    return (struct str){ 0 };
}

static void judge(struct arena *a, const struct hand_call *call, struct child_result *answer)
{
    struct str stranger = find_stranger(a, call, answer->output);
    struct str output = answer->output, section = { 0 };
    struct zypper_solvable s;

    if (str_is_set(stranger)) { /* as if it had refused: one of them is to blame */
        answer->status = STATUS_REFUSED;
        for (size_t i = 0; i < call->count; i++)
            if (call->count == 1 || call->request->is_return)
                call->changes[i]->failure = stranger;
        return;
    }
    while (zypper_output_next(&output, &section, &s))
        for (size_t i = 0; i < call->count; i++)
            call->changes[i]->done = call->changes[i]->done || is_step_of(a, &s, call->changes[i]);
}

/* ---- other versions ---- */

static int list_offered(struct arena *a, const struct change_request *request, struct str *ret_rows,
                        struct str *ret_why)
{
    static const char *const args[] = { "--no-refresh", "--xmlout", "search",       "--details",
                                        "--type",       "package",  "--match-exact" };
    struct buf rows = buf_in(a);
    struct zypper_solvable s;
    struct str output, section = { 0 };

    PASS(hand_list(a, &zypper_hand, request, args, ARRAY_LEN(args), STATUS_NOTHING_FOUND, &output,
                   ret_why));
    while (zypper_output_next(&output, &section, &s))
        if (!str_eq(s.repository, S("(System Packages)")))
            buf_fmt(&rows, HAND_ROW "\n", STR(s.name), STR(full_version(a, s.edition)),
                    STR(s.arch));
    *ret_rows = buf_str(&rows);
    return 0;
}

const struct rpm_hand zypper_hand = {
    .name = "zypper",
    .locked_status = STATUS_LOCKED,
    .locked = LOCKED,
    .begins = S_INIT("\nChecking for file conflicts:"),
    .begin = zypper_begin,
    .command = zypper_command,
    .blames = zypper_output_blames,
    .explain = zypper_output_reason,
    .judge = judge,
    .next_brought = next_brought,
    .list_offered = list_offered,
};

/* ---- refresh ---- */

/* A repository that cannot be reached is an error: metadata that is silently old makes a
 * host look compliant. */
int zypper_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why)
{
    static const char *const args[] = { "refresh", "--services" };

    return hand_refresh(a, &zypper_hand, host, timeout, args, host->sources_dir ? 1 : 2, ret_why);
}

/* ---- marks ---- */

static int read_marks(struct arena *a, struct str *ret)
{
    int result = file_read(a, MARKS, MARKS_MAX, ret);

    if (result > 0)
        *ret = S("");
    return result > 0 ? 0 : result;
}

int zypper_find_marks(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct str marks;

    (void)ret_why;
    TRY(read_marks(a, &marks));
    for (size_t i = 0; i < request->count; i++)
        if (zypper_has_mark(marks, request->changes[i].name))
            request->changes[i].mark = request->changes[i].new_name;
    return 0;
}

/* It writes the file when all is done. A number that was left there may be anybody's by now;
 * then it is for the next run. */
static int is_at_work(struct arena *a, bool *ret)
{
    struct str text = S("");
    int64_t pid = 0;
    int result = file_read(a, PID_FILE, 64, &text);

    *ret = result == 0 && str_to_int(str_trim(text), &pid) && pid > 0 &&
           file_exists(arena_fmt(a, "/proc/%lld", (long long)pid).p);
    return result > 0 ? 0 : result;
}

int zypper_restore_marks(struct arena *a, struct strs names, struct str *ret_why)
{
    struct str marks, lost;
    bool at_work;
    int result;

    TRY(is_at_work(a, &at_work));
    if (at_work) {
        *ret_why = (struct str)LOCKED;
        return PROVIDER_LOCKED;
    }
    TRY(read_marks(a, &marks));
    lost = zypper_lost_marks(a, names, marks);
    if (!str_is_set(lost))
        return 0;
    result = file_write(MARKS, arena_fmt(a, "%.*s%.*s", STR(marks), STR(lost)), 0644);
    if (result > 0)
        *ret_why = S("there is no space left to write " MARKS);
    return result > 0 ? PROVIDER_FAILED : result;
}
