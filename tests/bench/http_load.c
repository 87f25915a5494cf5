/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends one request over and over on many kept connections from one thread, and
 * prints how many were answered a second. The bytes of the request come from
 * standard input, so that a signed call is measured as it is.
 *
 *   http_load PORT CONNECTIONS SECONDS < request
 *
 * Answers must have a Content-Length. Prints "RATE STATUS-OF-THE-LAST".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUEST (1024 * 1024)
#define MAX_ANSWER  (64 * 1024)

struct connection {
    int fd;
    size_t sent, got;
    char answer[MAX_ANSWER];
};

static char request[MAX_REQUEST];
static size_t request_len;
static unsigned long n_answers;
static int last_status;

static void die(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void dial(struct connection *c, uint16_t port, int epoll)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(port) };
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("connect");
}

/* The answer's length once its head is in; 0 before. */
static size_t answer_size(struct connection *c)
{
    c->answer[c->got] = '\0';
    char *end = strstr(c->answer, "\r\n\r\n");
    char *length = strcasestr(c->answer, "\r\nContent-Length:");

    if (!end)
        return 0;
    if (!length || length > end) {
        fprintf(stderr, "http_load: an answer without a length\n");
        exit(1);
    }
    last_status = atoi(c->answer + 9);
    return (size_t)(end + 4 - c->answer) + (size_t)atol(length + 17);
}

static void converse(struct connection *c)
{
    for (;;) {
        while (c->sent < request_len) {
            ssize_t n =
                send(c->fd, request + c->sent, request_len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                return;
            if (n <= 0)
                die("send");
            c->sent += (size_t)n;
        }
        ssize_t n = recv(c->fd, c->answer + c->got, MAX_ANSWER - 1 - c->got, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            die("the server hung up");
        c->got += (size_t)n;
        size_t size = answer_size(c);
        if (size == 0 || c->got < size)
            continue;
        n_answers++;
        c->got = c->sent = 0;
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: http_load PORT CONNECTIONS SECONDS < request\n");
        return 2;
    }
    int count = atoi(argv[2]), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *list = calloc((size_t)count, sizeof(*list));
    struct epoll_event events[64];

    request_len = fread(request, 1, sizeof(request), stdin);
    for (int i = 0; i < count; i++)
        dial(&list[i], (uint16_t)atoi(argv[1]), epoll);
    double start = now(), end = start + atof(argv[3]);
    while (now() < end) {
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++)
            converse(events[i].data.ptr);
    }
    printf("%.0f %d\n", (double)n_answers / (now() - start), last_status);
    return 0;
}
