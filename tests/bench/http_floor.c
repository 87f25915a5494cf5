/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under every call: libmicrohttpd alone, answering a constant to any
 * request. Ratios of the plane's calls per second are taken to this.
 *
 *   http_floor [THREADS]      prints "http_floor ready on http://127.0.0.1:PORT",
 *                             serves until its standard input ends
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(void *closure, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **item)
{
    (void)url;
    (void)method;
    (void)version;
    (void)data;

    if (!*item) { /* the head */
        *item = closure;
        return MHD_YES;
    }
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, closure);
}

int main(int argc, char **argv)
{
    static char text[] = "{\"Account\":\"000000000000\"}";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    char byte;

    MHD_add_response_header(response, "Content-Type", "application/x-amz-json-1.1");
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                         MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "http_floor: cannot start\n");
        return 1;
    }
    printf("http_floor ready on http://127.0.0.1:%u\n",
           (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
