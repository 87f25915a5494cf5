/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/types.h>

#include "agent/presence.h"

#include <unistd.h>

#include "base/json.h"
#include "sys/file.h"

#define PRESENCE_LIMIT ((size_t)4096)

static const char *path_in(struct arena *a, const char *state)
{
    return arena_fmt(a, "%s/agent.json", state).p;
}

int presence_write(const char *state, bool is_heard)
{
    struct arena a = { 0 };
    struct value *v = value_map(&a);

    value_set_int(&a, v, S("pid"), getpid());
    value_set_str(&a, v, S("version"), S(PATCHBAY_VERSION));
    value_set_bool(&a, v, S("heard"), is_heard);
    int written = file_write(path_in(&a, state), json_format(&a, v), 0600);
    arena_done(&a);
    return written;
}

/* Its number may be another process's by now, a step's keeper's even. */
static bool is_agent(struct arena *a, pid_t pid)
{
    struct str text, word;

    return file_read(a, arena_fmt(a, "/proc/%d/cmdline", (int)pid).p, PRESENCE_LIMIT, &text) == 0 &&
           str_next(&text, '\0', &word) && str_next(&text, '\0', &word) && str_eq(word, S("run"));
}

/* Of a process that has ended there is no link; a program that was replaced is "(deleted)". */
static struct str program_of(struct arena *a, pid_t pid)
{
    char path[4096];
    ssize_t n = readlink(arena_fmt(a, "/proc/%d/exe", (int)pid).p, path, sizeof(path));

    return n > 0 ? arena_dup(a, (struct str){ path, (size_t)n }) : S("");
}

void presence_read(struct arena *a, const char *state, struct presence *ret)
{
    struct value *v;
    struct str text;

    *ret = (struct presence){ 0 };
    if (file_read(a, path_in(a, state), PRESENCE_LIMIT, &text) != 0 ||
        json_parse(a, text, &v, NULL) != 0)
        return;
    int64_t pid = value_get_int(v, S("pid"), 0);
    if (pid <= 1 || pid > INT32_MAX || !is_agent(a, (pid_t)pid))
        return;
    struct str program = program_of(a, (pid_t)pid);
    *ret = (struct presence){
        .pid = (pid_t)pid,
        .version = value_get_str(v, S("version")),
        .is_heard = value_get_bool(v, S("heard"), false),
        .is_installed = str_eq(program, S(PRESENCE_PROGRAM)),
        .is_running = str_starts(program, S(PRESENCE_PROGRAM)),
    };
}
