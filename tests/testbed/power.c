/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reboot, poweroff, halt and shutdown for a host that has no init system.
 *
 * Without --force they ask init for a shutdown in order; with it they call
 * reboot(2) at once. In the first PID namespace reboot(2) would restart the
 * machine itself, so all of it is refused unless this process is in the PID
 * namespace that our own init wrote down at boot.
 */
#include "hosthold.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

/* The kernel gives the first PID namespace this fixed name. */
#define FIRST_PIDNS "pid:[4026531836]"

const char *const power_applets[] = { "reboot", "poweroff", "halt", "shutdown", NULL };

struct order {
    bool restart; /* else power off */
    bool force;
    long minutes;
};

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return EXIT_FAILURE;
}

static bool is_in_our_host(void)
{
    char mine[64] = "", noted[64] = "";
    struct why ignored;

    return readlink("/proc/self/ns/pid", mine, sizeof(mine) - 1) > 0 &&
           strcmp(mine, FIRST_PIDNS) != 0 &&
           file_read(OUR_PIDNS, noted, sizeof(noted), &ignored) == 0 && strcmp(mine, noted) == 0;
}

static int carry_out(const struct order *order)
{
    if (!is_in_our_host())
        return refuse("testbed-host", "not inside a test host: this machine stays on");
    if (order->minutes > 0) {
        /* In the background, as shutdown(8) does. */
        pid_t pid = fork();
        if (pid != 0)
            return pid < 0 ? refuse("testbed-host", "cannot fork") : EXIT_SUCCESS;
        setsid();
        sleep((unsigned)order->minutes * 60);
    }
    if (order->force) {
        sync();
        reboot(order->restart ? RB_AUTOBOOT : RB_POWER_OFF);
        return refuse("testbed-host", "reboot(2) failed");
    }
    if (kill(1, order->restart ? SIGNAL_RESTART : SIGNAL_POWEROFF) != 0)
        return refuse("testbed-host", "cannot tell init");
    return EXIT_SUCCESS;
}

static bool parse_time(const char *word, long *ret_minutes)
{
    char *end;

    if (strcmp(word, "now") == 0) {
        *ret_minutes = 0;
        return true;
    }
    if (word[0] != '+')
        return false;
    *ret_minutes = strtol(word + 1, &end, 10);
    return end != word + 1 && !*end && *ret_minutes >= 0 && *ret_minutes <= 60L * 24;
}

/* shutdown [-r|-h|-P|-H] [now|+MINUTES]; with no time, in one minute. */
static int shutdown_main(int argc, char **argv)
{
    struct order order = { .minutes = 1 };
    bool timed = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "--reboot") == 0)
            order.restart = true;
        else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "-P") == 0 ||
                 strcmp(argv[i], "-H") == 0 || strcmp(argv[i], "--poweroff") == 0)
            order.restart = false;
        else if (!timed && parse_time(argv[i], &order.minutes))
            timed = true;
        else
            return refuse("shutdown", "usage: shutdown [-r|-h|-P|-H] [now|+MINUTES]");
    }
    return carry_out(&order);
}

/* reboot|poweroff|halt [-f] */
static int direct_main(const char *name, int argc, char **argv)
{
    struct order order = { .restart = strcmp(name, "reboot") == 0 };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-f") == 0 || strcmp(argv[i], "--force") == 0)
            order.force = true;
        else
            return refuse(name, "takes no argument but --force");
    }
    return carry_out(&order);
}

static const char *base_name(const char *program)
{
    const char *slash = strrchr(program, '/');

    return slash ? slash + 1 : program;
}

bool power_is_applet(const char *program)
{
    for (const char *const *name = power_applets; *name; name++)
        if (strcmp(base_name(program), *name) == 0)
            return true;
    return false;
}

int power_main(int argc, char **argv)
{
    const char *name = base_name(argv[0]);

    if (strcmp(name, "shutdown") == 0)
        return shutdown_main(argc, argv);
    return direct_main(name, argc, argv);
}
