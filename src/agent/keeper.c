/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of one attempt. It is alone in its process, so it needs no lock,
 * and it ends when the script's first process does: what that left in the
 * background goes on, without a reader of its output.
 */
#include "agent/attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/output.h"
#include "sys/clock.h"

#define KILL_GRACE    (5 * MSEC_SECOND)  /* between SIGTERM and SIGKILL */
#define DISK_PATIENCE (10 * MSEC_MINUTE) /* to write the result on a full disk */

struct stream {
    int fd;
    char kept[OUTPUT_MAX_STREAM];
    size_t len;
    bool is_cut;
};

struct keeper {
    struct process script;
    struct stream out, err;
    int signals;
    bool timed_out, killed;
};

/* Takes what is there; false at the end. */
static bool drain(struct stream *s)
{
    char chunk[4096];

    for (;;) {
        ssize_t n = read(s->fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        size_t fits = sizeof(s->kept) - s->len;
        size_t taken = (size_t)n < fits ? (size_t)n : fits;
        memcpy(s->kept + s->len, chunk, taken);
        s->len += taken;
        s->is_cut = s->is_cut || taken < (size_t)n;
    }
}

static int open_stream(struct stream *s, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAULT(errno);
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return FAULT(errno);
    s->fd = ends[0];
    *ret_write = ends[1];
    return 0;
}

static int open_signals(int *ret)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *ret = signalfd(-1, &set, SFD_CLOEXEC);
    return *ret < 0 ? FAULT(errno) : 0;
}

/* Until the script ends, its time is up, or somebody wants it ended. */
static void watch(struct keeper *k, msec deadline)
{
    struct pollfd fds[] = { { .fd = k->script.pidfd, .events = POLLIN },
                            { .fd = k->signals, .events = POLLIN },
                            { .fd = k->out.fd, .events = POLLIN },
                            { .fd = k->err.fd, .events = POLLIN } };

    for (;;) {
        msec left = deadline - clock_monotonic();
        int n = left > 0 ? poll(fds, ARRAY_LEN(fds), left > INT32_MAX ? INT32_MAX : (int)left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (fds[2].revents && !drain(&k->out))
            fds[2].fd = -1;
        if (fds[3].revents && !drain(&k->err))
            fds[3].fd = -1;
        if (fds[0].revents)
            return;
        if (fds[1].revents) {
            k->killed = true;
            return;
        }
        if (clock_monotonic() >= deadline) {
            k->timed_out = true;
            return;
        }
    }
}

static int run(struct arena *a, struct keeper *k, const char *folder, msec timeout, const char *cwd,
               struct step_result *ret)
{
    /* As `sh -c FILE`, which honours a #! line, but for blanks in the path. */
    const char *const argv[] = { "sh", "-c", "exec \"$0\"", arena_fmt(a, "%s/script.sh", folder).p,
                                 NULL };
    struct process_config config = { .argv = argv, .cwd = cwd };
    struct process_status status;
    struct str why;

    TRY(open_stream(&k->out, &config.out));
    TRY(open_stream(&k->err, &config.err));
    int started = process_start(&config, a, &k->script, &why);
    close(config.out);
    close(config.err);
    if (started == PROCESS_NOT_STARTED) {
        ret->problem = arena_fmt(a, "failed to run commands: %.*s", STR(why));
        return 0;
    }
    TRY(started);

    watch(k, clock_monotonic() + timeout);
    if (k->timed_out || k->killed)
        TRY(process_end(&k->script, KILL_GRACE, &status));
    else
        TRY(process_wait(&k->script, -1, &status));
    drain(&k->out);
    drain(&k->err);
    ret->code = status.is_exited ? status.code : 128 + status.signal;
    ret->timed_out = k->timed_out;
    ret->killed = k->killed;
    return 0;
}

/* A full disk may be given room again; a result that is lost would be reported as a failure. */
static int write_result(struct arena *a, const char *folder, const struct step_result *result)
{
    msec deadline = clock_monotonic() + DISK_PATIENCE;
    int written = attempt_write_result(a, folder, result);

    while (written != 0 && clock_monotonic() < deadline) {
        poll(NULL, 0, 1000);
        written = attempt_write_result(a, folder, result);
    }
    return written;
}

int keeper_main(int argc, char *const *argv)
{
    struct arena a = { 0 };
    struct keeper *k = arena_new(&a, struct keeper);
    struct step_result result = { 0 };
    int64_t timeout;
    int lock;

    if (argc != 4 || !str_to_int(str_of(argv[2]), &timeout))
        return 2;
    if (open_signals(&k->signals) != 0)
        return 1;
    umask(022); /* what a script writes is the system's, whatever our own files are */
    int claimed = attempt_claim(&a, argv[1], &lock);
    if (claimed != 0)
        return claimed == ATTEMPT_RUNNING ? 0 : 1;

    if (run(&a, k, argv[1], timeout, argv[3], &result) != 0)
        result.problem = arena_fmt(&a, "The step could not be run: %s", err_trace());
    result.out = output_clean(&a, (struct str){ k->out.kept, k->out.len });
    result.err = output_clean(&a, (struct str){ k->err.kept, k->err.len });
    result.out_cut = k->out.is_cut;
    result.err_cut = k->err.is_cut;
    int written = write_result(&a, argv[1], &result);
    close(lock);
    arena_done(&a);
    return written == 0 ? 0 : 1;
}
