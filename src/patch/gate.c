/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/gate.h"

#include <signal.h>
#include <sys/stat.h>

#include "patch/settings.h"
#include "sys/clock.h"
#include "sys/file.h"

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

void gate_open(struct gate *gate, msec time_limit, msec script_limit)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL); /* they stay pending, so nothing else is to be kept */
    *gate = (struct gate){ .deadline = clock_monotonic() + time_limit,
                           .time_limit = time_limit,
                           .script_limit = script_limit };
}

int gate_reset(void)
{
    TRY(file_remove_tree(GATE_DIR));
    TRY(file_make_dirs(GATE_DIR, 0700));
    return 0;
}

bool gate_is_signalled(void)
{
    sigset_t pending;

    if (sigpending(&pending) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (sigismember(&pending, signals[i]) == 1)
            return true;
    return false;
}

bool gate_is_over(const struct gate *gate)
{
    return gate && clock_monotonic() >= gate->deadline;
}

bool gate_is_stopping(const struct gate *gate)
{
    return gate && (gate_is_signalled() || gate_is_over(gate));
}

struct str gate_reason(struct arena *a, const struct gate *gate)
{
    if (gate_is_signalled())
        return S("the run was told to stop before it was the turn of this package");
    return arena_fmt(a, "the time limit of %.*s was over before it was its turn",
                     STR(settings_time(a, gate->time_limit)));
}

bool gate_close(void)
{
    return mkdir(GATE_DIR "/gate", 0700) == 0;
}
