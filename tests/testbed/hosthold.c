/* SPDX-License-Identifier: Apache-2.0 */
/* testbed-host: the command line. */
#include "hosthold.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_USAGE      2
#define TIMEOUT_DEFAULT 60.0

static const char help[] =
    "testbed-host: real Linux hosts on one machine, for tests\n"
    "\n"
    "  testbed-host run --base ROOT --dir DIR --name HOSTNAME [option]... [-- COMMAND...]\n"
    "      Holds one host, in the foreground, until its power is off. ROOT is only read;\n"
    "      the host's disk, state and console log are in DIR and outlive it.\n"
    "        --bind SRC:DST[:ro]   shows the machine's SRC in the host\n"
    "        --netns NAME          runs in a namespace of `ip netns`\n"
    "        --no-network          runs with a loopback interface and nothing else\n"
    "        --systemd             boots ROOT's own systemd, and is up when that says so\n"
    "        --start LINE          a shell line that init starts in each boot\n"
    "        --when FILE           the --start and COMMAND after it wait for FILE in the host\n"
    "      COMMAND is started the same way, as soon as it exists. Nothing is restarted.\n"
    "      SIGTERM or the end of the parent process: gone at once, with all its mounts.\n"
    "      SIGUSR1: power failure, then the next boot. SIGUSR2: power failure, and off.\n"
    "  testbed-host exec --dir DIR -- COMMAND...\n"
    "      Runs COMMAND in the host and exits as it does (128 + signal if killed;\n"
    "      125: no such host, 126: not executable, 127: not found).\n"
    "  testbed-host reboot|poweroff --dir DIR [--timeout SECONDS]\n"
    "      Shuts down in order, and returns when the next boot is up or the host is off.\n"
    "  testbed-host powerfail --dir DIR [--stay-off] [--timeout SECONDS]\n"
    "      Cuts the power, and returns when the next boot is up or the host is off.\n"
    "  testbed-host stop --dir DIR [--timeout SECONDS]\n"
    "      Ends the supervisor and everything in it.\n"
    "  testbed-host status --dir DIR\n"
    "      Prints DIR/state: status, boots, boot_id, ended, supervisor, init, service.N.\n"
    "  testbed-host wait --dir DIR [--status STATUS] [--boot N] [--timeout SECONDS]\n"
    "      Waits until boot N or a later one is in that status (default: running).\n";

struct options {
    struct host host;
    const char *when, *status;
    unsigned boot;
    double timeout;
    bool stay_off;
    char **rest; /* after --, NULL-terminated, or NULL */
};

static int usage(const char *text)
{
    fprintf(stderr, "testbed-host: %s (see testbed-host --help)\n", text);
    return EXIT_USAGE;
}

static int add_bind(struct host *h, char *text, struct why *why)
{
    if (h->n_binds == BINDS_MAX)
        return why_set(why, "at most %d binds", BINDS_MAX);

    const char *source = strsep(&text, ":"), *target = strsep(&text, ":");
    if (!target || target[0] != '/' || (text && strcmp(text, "ro") != 0))
        return why_set(why, "--bind takes SRC:DST[:ro]");
    h->binds[h->n_binds].source = realpath(source, NULL);
    if (!h->binds[h->n_binds].source)
        return why_errno(why, "cannot bind %s", source);
    h->binds[h->n_binds].target = target;
    h->binds[h->n_binds++].read_only = text;
    return 0;
}

static int add_service(struct options *o, char **argv, const char *shell, struct why *why)
{
    struct host *h = &o->host;

    if (h->n_services == SERVICES_MAX)
        return why_set(why, "at most %d commands", SERVICES_MAX);
    h->services[h->n_services++] =
        (struct service){ .argv = argv, .shell = shell, .when = o->when };
    return 0;
}

static int parse_number(const char *text, double *ret, struct why *why)
{
    char *end;

    *ret = strtod(text, &end);
    if (end == text || *end || *ret < 0 || *ret > 86400)
        return why_set(why, "not a number here: %s", text);
    return 0;
}

enum option_id {
    BASE,
    DIR,
    NAME,
    BIND,
    NETNS,
    NO_NETWORK,
    SYSTEMD,
    START,
    WHEN,
    STATUS,
    BOOT,
    TIMEOUT,
    STAY_OFF
};

static const struct option long_options[] = {
    { "base", required_argument, NULL, BASE },   { "dir", required_argument, NULL, DIR },
    { "name", required_argument, NULL, NAME },   { "bind", required_argument, NULL, BIND },
    { "netns", required_argument, NULL, NETNS }, { "no-network", no_argument, NULL, NO_NETWORK },
    { "systemd", no_argument, NULL, SYSTEMD },   { "start", required_argument, NULL, START },
    { "when", required_argument, NULL, WHEN },   { "status", required_argument, NULL, STATUS },
    { "boot", required_argument, NULL, BOOT },   { "timeout", required_argument, NULL, TIMEOUT },
    { "stay-off", no_argument, NULL, STAY_OFF }, { 0 },
};

static int take_option(struct options *o, enum option_id id, char *value, struct why *why)
{
    double number;

    switch (id) {
    case BASE:
        o->host.base = realpath(value, NULL);
        return o->host.base ? 0 : why_errno(why, "no base root %s", value);
    case DIR:
        o->host.dir = value;
        return 0;
    case NAME:
        o->host.name = value;
        return 0;
    case BIND:
        return add_bind(&o->host, value, why);
    case NETNS:
        o->host.netns = value;
        return 0;
    case NO_NETWORK:
        o->host.no_network = true;
        return 0;
    case SYSTEMD:
        o->host.systemd = true;
        return 0;
    case START:
        return add_service(o, NULL, value, why);
    case WHEN:
        o->when = value;
        return 0;
    case STATUS:
        o->status = value;
        return 0;
    case BOOT:
        if (parse_number(value, &number, why) != 0)
            return -1;
        o->boot = (unsigned)number;
        return 0;
    case TIMEOUT:
        return parse_number(value, &o->timeout, why);
    case STAY_OFF:
        o->stay_off = true;
        return 0;
    }
    return why_set(why, "unknown option");
}

/* --- the commands --- */

static int report(int result, const struct why *why)
{
    if (result != 0)
        fprintf(stderr, "testbed-host: %s\n", why->text);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct options *o)
{
    struct host *h = &o->host;
    struct why why;

    if (!h->base || !h->name)
        return usage("run needs --base, --dir and --name");
    if (h->netns && h->no_network)
        return usage("--netns and --no-network exclude each other");
    if (h->systemd && (o->rest || h->n_services > 0))
        return usage("with --systemd, what starts is the root's own units");
    if (!h->name[0] || strlen(h->name) > 63 || strpbrk(h->name, "/ \t\n"))
        return usage("a host name has 1 to 63 characters, no slash, no space");
    if (h->netns && (strchr(h->netns, '/') || strlen(h->netns) > 255))
        return usage("--netns takes the name of a namespace");
    if (o->rest && add_service(o, o->rest, NULL, &why) != 0)
        return report(-1, &why);

    /* init leaves this directory before it mounts, so the path must be whole. */
    if (file_make_dirs(h->dir, &why) != 0)
        return report(-1, &why);
    h->dir = realpath(h->dir, NULL);
    if (!h->dir || strlen(h->dir) > 2000 || strlen(h->base) > 2000)
        return usage("--dir or --base is not a usable path");
    return supervise(h);
}

static int exec(struct options *o)
{
    return o->rest ? enter_exec(o->host.dir, o->rest) : usage("exec needs a command after --");
}

/* Sends `signal` to the host's supervisor or init. */
static int signal_host(const struct options *o, bool to_init, int signal, struct state *ret,
                       int *ret_supervisor, struct why *why)
{
    if (state_read(o->host.dir, ret, why) != 0)
        return -1;
    *ret_supervisor = ret->supervisor > 0 ? (int)syscall(SYS_pidfd_open, ret->supervisor, 0) : -1;
    if (*ret_supervisor < 0 || ret->init <= 0)
        return why_set(why, "the host in %s is off", o->host.dir);
    if (kill(to_init ? ret->init : ret->supervisor, signal) != 0)
        return why_errno(why, "cannot signal the host in %s", o->host.dir);
    return 0;
}

static int wait_gone(int supervisor, double timeout, struct why *why)
{
    struct pollfd gone = { .fd = supervisor, .events = POLLIN };

    return poll(&gone, 1, (int)(timeout * 1000)) == 1
               ? 0
               : why_set(why, "gave up after %g s: the host is not gone", timeout);
}

static int power(const struct options *o, bool to_init, int signal, bool comes_back)
{
    struct state s;
    struct why why;
    int supervisor;
    int result = signal_host(o, to_init, signal, &s, &supervisor, &why);

    if (result == 0 && comes_back)
        result = state_wait(o->host.dir, "running", s.boots + 1, o->timeout, &why);
    else if (result == 0)
        result = wait_gone(supervisor, o->timeout, &why);
    return report(result, &why);
}

static int reboot_host(struct options *o)
{
    return power(o, true, SIGNAL_RESTART, true);
}

static int poweroff(struct options *o)
{
    return power(o, true, SIGNAL_POWEROFF, false);
}

static int powerfail(struct options *o)
{
    return power(o, false, o->stay_off ? SIGUSR2 : SIGUSR1, !o->stay_off);
}

static int stop(struct options *o)
{
    return power(o, false, SIGTERM, false);
}

static int status(struct options *o)
{
    struct state s;
    struct why why;
    int result = state_read(o->host.dir, &s, &why);
    if (result != 0)
        return report(result, &why);

    state_print(stdout, &s);
    return EXIT_SUCCESS;
}

static int wait_host(struct options *o)
{
    struct why why;
    int result =
        state_wait(o->host.dir, o->status ? o->status : "running", o->boot, o->timeout, &why);

    return report(result, &why);
}

static const struct {
    const char *name;
    int (*run)(struct options *o);
    unsigned takes; /* the options beside --dir */
} commands[] = {
#define TAKES(id) (1U << (id))
    { "run", run,
      TAKES(BASE) | TAKES(NAME) | TAKES(BIND) | TAKES(NETNS) | TAKES(NO_NETWORK) | TAKES(SYSTEMD) |
          TAKES(START) | TAKES(WHEN) },
    { "exec", exec, 0 },
    { "reboot", reboot_host, TAKES(TIMEOUT) },
    { "poweroff", poweroff, TAKES(TIMEOUT) },
    { "powerfail", powerfail, TAKES(TIMEOUT) | TAKES(STAY_OFF) },
    { "stop", stop, TAKES(TIMEOUT) },
    { "status", status, 0 },
    { "wait", wait_host, TAKES(STATUS) | TAKES(BOOT) | TAKES(TIMEOUT) },
};

static int parse(struct options *o, unsigned takes, int argc, char **argv, struct why *why)
{
    int id;

    while ((id = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        if (id == '?')
            return why_set(why, "bad option");
        if (id != DIR && !(takes & (1U << id)))
            return why_set(why, "this command does not take --%s", long_options[id].name);
        if (take_option(o, (enum option_id)id, optarg, why) != 0)
            return -1;
    }
    if (!o->host.dir)
        return why_set(why, "--dir is missing");
    if (optind < argc)
        o->rest = argv + optind;
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = { .timeout = TIMEOUT_DEFAULT };
    struct why why;

    if (power_is_applet(argv[0]))
        return power_main(argc, argv);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (parse(&o, commands[i].takes, argc - 1, argv + 1, &why) != 0)
            return usage(why.text);
        if (o.rest && commands[i].run != run && commands[i].run != exec)
            return usage("this command takes no further argument");
        return commands[i].run(&o);
    }
    return usage("which command?");
}
