/* SPDX-License-Identifier: Apache-2.0 */
/* What only a client that misbehaves, or very many, can show. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "echo.h"

#include "../test.h"

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct echo));
    return echo_start(*state, NULL, NULL);
}

static int tear_down(void **state)
{
    echo_stop(*state);
    free(*state);
    return 0;
}

static int dial(struct echo *e)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(http_server_port(e->server)) };
    struct timeval patience = { .tv_sec = 60 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until `end` has come; what came up to the test's patience. */
static struct str hear(int fd, struct arena *a, const char *end)
{
    struct buf b = buf_in(a);
    char bytes[4096];
    ssize_t n;

    buf_lit(&b, "");
    while (!str_contains(buf_str(&b), str_of(end)) && (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        buf_add(&b, (struct str){ bytes, (size_t)n });
    return buf_str(&b);
}

static void a_chunked_body_is_put_together(void **state)
{
    struct arena a = { 0 };
    int fd = dial(*state);

    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n7\r\n, wo");
    usleep(20000);
    say(fd, "rld\r\n0\r\n\r\n");
    assert_true(str_ends(hear(fd, &a, "world"), S("POST /echo? [] 12:hello, world")));
    close(fd);
    arena_done(&a);
}

static void a_chunked_body_is_bounded_too(void **state)
{
    struct arena a = { 0 };
    int fd = dial(*state);
    static char chunk[65536 + 1];

    memset(chunk, 'x', sizeof(chunk) - 1);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        say(fd, "10000\r\n");
        say(fd, chunk);
        say(fd, "\r\n");
    }
    say(fd, "0\r\n\r\n");
    assert_true(str_starts(hear(fd, &a, "too large"), S("HTTP/1.1 413 ")));
    close(fd);
    arena_done(&a);
}

static void a_client_may_ask_before_it_sends(void **state)
{
    struct arena a = { 0 };
    int fd = dial(*state);

    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_str(hear(fd, &a, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "hi");
    assert_true(str_ends(hear(fd, &a, ":hi"), S("2:hi")));
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n"
            "Expect: 100-continue\r\n\r\n");
    assert_true(str_starts(hear(fd, &a, "too large"), S("HTTP/1.1 413 ")));
    close(fd);
    arena_done(&a);
}

static void requests_may_be_lined_up(void **state)
{
    struct arena a = { 0 };
    int fd = dial(*state);

    say(fd, "GET /later?1 HTTP/1.1\r\nHost: x\r\n\r\nGET /echo?2 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET http://x:80/later?3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    struct str all = hear(fd, &a, "nothing such");
    assert_true(str_contains(all, S("GET /later?1 ")) && str_contains(all, S("GET /echo?2 ")) &&
                str_ends(all, S("GET /later?3 [] 0:")));
    close(fd);
    arena_done(&a);
}

static void clients_that_stall_or_vanish_stop_nobody(void **state)
{
    struct echo *e = *state;
    struct arena a = { 0 };
    static const char *const beginnings[] = {
        "",
        "GE",
        "GET /park HTTP/1.1\r\nHo",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nabc",
        "GET /park HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", /* and never reads it */
    };
    int fds[60];

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial(e);
        say(fds[i], beginnings[i % ARRAY_LEN(beginnings)]);
    }
    assert_true(echo_reaches(e, &e->n_parked, 10));
    int fd = dial(e);
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(str_ends(hear(fd, &a, "0:"), S("GET /later? [] 0:")));
    close(fd);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    assert_true(echo_reaches(e, &e->n_gone, 10));
    arena_done(&a);
}

static size_t resident(void)
{
    size_t pages = 0, size = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%zu %zu", &size, &pages), 2);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#define N_POLLS 2500

static void thousands_wait_cheaply(void **state)
{
    struct echo *e = *state;
    struct arena a = { 0 };
    int *fds = arena_array(&a, int, N_POLLS);

    assert_true(http_server_max_connections(e->server) > N_POLLS);
    for (int i = 0; i < N_POLLS; i++)
        fds[i] = dial(e);
    size_t before = resident();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N_POLLS; i++)
            say(fds[i], "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(echo_reaches(e, &e->n_parked, N_POLLS));
        if (round == 2)
            print_message("a waiting long poll costs %zu bytes\n", (resident() - before) / N_POLLS);
        release_parked(e);
        for (int i = 0; i < N_POLLS; i++)
            assert_true(str_starts(hear(fds[i], &a, "0:"), S("HTTP/1.1 200 OK")));
    }
    for (int i = 0; i < N_POLLS; i++)
        close(fds[i]);
    arena_done(&a);
}

static void stopping_waits_for_who_is_being_served(void **state)
{
    (void)state;
    struct echo *e = calloc(1, sizeof(*e));
    struct arena a = { 0 };

    assert_int_equal(echo_start(e, NULL, NULL), 0);
    int fd = dial(e), idle = dial(e), big = dial(e);
    say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(echo_reaches(e, &e->n_parked, 1));
    say(big, "GET /big?200000 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(str_starts(hear(big, &a, "OK"), S("HTTP/1.1 200 OK")));
    echo_stop(e);
    struct str got = hear(fd, &a, "0:");
    assert_true(str_ends(got, S("GET /park? [] 0:")));
    assert_int_equal(hear(idle, &a, "x").len, 0);
    close(fd);
    close(idle);
    close(big);
    free(e);
    arena_done(&a);
}

static void a_bad_address_is_told(void **state)
{
    struct echo *e = *state;
    struct http_server *s;
    struct http_server_config config = { .address = "127.0.0.1",
                                         .port = http_server_port(e->server),
                                         .body_limit = echo_limit,
                                         .handle = echo_handle };

    assert_true(http_server_start(&config, &s) < 0);
    assert_true(str_contains(str_of(err_trace()), S("in use")));
    config.address = "localhost";
    assert_true(http_server_start(&config, &s) < 0);
    config.address = "127.0.0.1";
    config.port = 0;
    config.tls_cert = config.tls_key = "/dev/null";
    assert_true(http_server_start(&config, &s) < 0);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_chunked_body_is_put_together),
        SERVED(a_chunked_body_is_bounded_too),
        SERVED(a_client_may_ask_before_it_sends),
        SERVED(requests_may_be_lined_up),
        SERVED(clients_that_stall_or_vanish_stop_nobody),
        SERVED(thousands_wait_cheaply),
        cmocka_unit_test(stopping_waits_for_who_is_being_served),
        SERVED(a_bad_address_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
