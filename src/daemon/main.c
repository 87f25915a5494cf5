/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/admin.h"
#include "daemon/config.h"
#include "daemon/datadir.h"
#include "daemon/gateway.h"
#include "daemon/notify.h"
#include "daemon/sandbox.h"
#include "daemon/sweeper.h"
#include "daemon/wiring.h"
#include "sys/clock.h"
#include "sys/http_server.h"

struct patchbayd {
    struct arena a;
    struct config config;
    struct plane plane;
    struct datadir data;
    struct gateway gateway;
    struct sandbox *sandbox;
    struct sweeper *sweeper;
    struct http_server *server;
};

static bool is_tls(const struct patchbayd *p)
{
    return str_is_set(p->config.tls_cert);
}

static int start_server(struct patchbayd *p)
{
    const struct config *c = &p->config;

    const char *scheme = is_tls(p) ? "https" : "http";
    p->gateway = (struct gateway){
        .plane = &p->plane,
        .scheme = scheme,
        .sandbox = p->sandbox,
        .packages = { c->packages_dir, c->public_url, scheme },
    };
    TRY(packages_check(&p->gateway.packages));
    struct http_server_config config = {
        .address = arena_cstr(&p->a, c->address),
        .port = c->port,
        .tls_cert = is_tls(p) ? arena_cstr(&p->a, c->tls_cert) : NULL,
        .tls_key = is_tls(p) ? arena_cstr(&p->a, c->tls_key) : NULL,
        .threads = (unsigned)c->threads,
        .max_connections = (unsigned)c->max_connections,
    };
    gateway_attach(&p->gateway, &config);
    TRY(http_server_start(&config, &p->server));
    return 0;
}

static struct str own_url(struct patchbayd *p)
{
    bool is_v6 = str_find(p->config.address, ':') >= 0;
    return arena_fmt(&p->a, "%s://%s%.*s%s:%u", is_tls(p) ? "https" : "http", is_v6 ? "[" : "",
                     STR(p->config.address), is_v6 ? "]" : "",
                     (unsigned)http_server_port(p->server));
}

/* Everything but the server: what can be wrong is found before a port is open. */
static int open_plane(struct patchbayd *p)
{
    log_set_level(p->config.level);
    wiring_connect(&p->plane);
    TRY(datadir_open(&p->a, p->config.data, &p->plane, &p->data));
    TRY(sandbox_open(datadir_file(&p->data, "run/functions"), &p->plane, &p->sandbox));
    p->plane.public_url = p->config.public_url;
    p->plane.node_key_life = p->config.node_key_days * MSEC_DAY;

    struct runtime_config config = {
        .writer = p->data.writer,
        .open_reader = datadir_reader,
        .context = &p->data,
        .workers = (unsigned)p->config.workers,
        .now = clock_now,
        .without_tasks = true, /* until the address is known that they hand out */
    };
    TRY(runtime_start(&p->plane, &config));
    TRY(datadir_first_start(&p->data, &p->plane, &p->config));
    return 0;
}

static int start(struct patchbayd *p)
{
    TRY(open_plane(p));
    TRY(start_server(p));
    p->plane.own_url = own_url(p);
    TRY(sandbox_serve(p->sandbox, p->server));
    TRY(runtime_start_tasks(&p->plane));
    TRY(sweeper_start(&p->data, &p->plane, &p->sweeper));
    return 0;
}

static void announce(struct patchbayd *p)
{
    log_info("up to %u connections; clients reach this plane at %.*s",
             http_server_max_connections(p->server), STR(plane_url(&p->plane)));
    printf("patchbayd ready on %s\n", own_url(p).p);
    fflush(stdout);
    notify("READY=1");
}

static void stop(struct patchbayd *p)
{
    notify("STOPPING=1");
    sweeper_stop(p->sweeper);
    /* First the functions, which may have minutes to go: their tasks are done again. */
    sandbox_stop(p->sandbox);
    if (p->plane.runtime)
        runtime_drain(&p->plane);
    http_server_stop(p->server);
    runtime_stop(&p->plane);
    sandbox_close(p->sandbox);
    datadir_close(&p->data);
    crypto_wipe(p->plane.master_key, sizeof(p->plane.master_key));
}

static int serve(struct patchbayd *p)
{
    sigset_t signals;
    int signal;

    /* Threads inherit the mask: only sigwait() below hears these. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    int result = start(p);
    if (result == 0) {
        announce(p);
        sigwait(&signals, &signal);
        log_info("stopping");
    } else {
        log_error("%s", err_trace());
    }
    stop(p);
    return result == 0 ? 0 : 1;
}

static int explain(struct patchbayd *p, int outcome, struct str why)
{
    if (outcome == CONFIG_VERSION) {
        puts("patchbayd " PATCHBAY_VERSION);
        return 0;
    }
    if (outcome == CONFIG_HELP) {
        printf("usage: patchbayd --data DIR [--listen ADDR:PORT] [option...]\n"
               "       patchbayd admin ...\n\n"
               "The control plane: one endpoint for all services, until SIGTERM.\n\n"
               "  %-32s %s\n%s",
               "--config FILE", "settings, one `name = value` a line", config_help(&p->a).p);
        return 0;
    }
    fprintf(stderr, "patchbayd: %.*s\nTry patchbayd --help.\n", STR(why));
    return 2;
}

int main(int argc, char **argv)
{
    struct patchbayd p = { .data = { .lock = -1 } };
    struct str why = S("");

    if (argc > 1 && strcmp(argv[1], "admin") == 0)
        return admin_main(argc - 1, argv + 1);

    int outcome = config_read(&p.a, argc, argv, &p.config, &why);
    int status;
    if (outcome > 0) {
        status = explain(&p, outcome, why);
    } else if (outcome < 0) {
        log_error("%s", err_trace());
        status = 1;
    } else {
        status = serve(&p);
    }
    arena_done(&p.a);
    return status;
}
