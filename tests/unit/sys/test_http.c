/* SPDX-License-Identifier: Apache-2.0 */
/* Client and server together: the same sentences for both clients. */
#include "sys/http_client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "certificate.h"
#include "echo.h"

#include "../test.h"
#include "sys/clock.h"

struct both {
    struct echo echo;
    struct http_client *client;
    struct arena arena;
};

static int set_up(void **state)
{
    struct both *b = calloc(1, sizeof(*b));

    *state = b;
    b->client = http_client_new();
    int result = echo_start(&b->echo, NULL, NULL);
    if (result != 0)
        print_error("%s\n", err_trace());
    return result;
}

static int tear_down(void **state)
{
    struct both *b = *state;

    http_client_free(b->client);
    echo_stop(&b->echo);
    arena_done(&b->arena);
    free(b);
    return 0;
}

static struct http_outgoing to(struct both *b, struct str method, const char *target)
{
    return (struct http_outgoing){
        .method = method,
        .url =
            arena_fmt(&b->arena, "http://127.0.0.1:%u%s", http_server_port(b->echo.server), target),
        .timeout = 5 * MSEC_SECOND,
    };
}

static int call(struct both *b, const struct http_outgoing *out, struct http_response *ret)
{
    struct str why = S("?");
    int result = http_call(b->client, out, &b->arena, ret, &why);

    if (result < 0)
        print_error("%s\n", err_trace());
    if (result > 0)
        assert_true(!str_is_empty(why) && !str_eq(why, S("?")));
    return result;
}

static void what_is_asked_is_answered(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/echo/%2Fa%20b/../c?x=%31&y&y=2");

    assert_int_equal(call(b, &get, &r), 0);
    assert_int_equal(r.status, 200);
    assert_str(r.body, "GET /echo/%2Fa%20b/../c?x=%31&y&y=2 [] 0:");
    assert_str(http_response_get(&r, S("content-type")), "text/plain");
    assert_str(http_response_get(&r, S("X-PEER")), "127.0.0.1");

    struct http_outgoing post = to(b, S("POST"), "/later");
    post.body = S("hello");
    assert_int_equal(call(b, &post, &r), 0);
    assert_str(r.body, "POST /later? [] 5:hello");

    struct http_outgoing put = to(b, S("PUT"), "/echo");
    assert_int_equal(call(b, &put, &r), 0);
    assert_str(r.body, "PUT /echo? [] 0:");

    struct http_outgoing head = to(b, S("HEAD"), "/big");
    assert_int_equal(call(b, &head, &r), 0);
    assert_int_equal(r.body.len, 0);
    assert_str(http_response_get(&r, S("Content-Length")), "3000000");

    struct http_outgoing big = to(b, S("GET"), "/big");
    assert_int_equal(call(b, &big, &r), 0);
    assert_int_equal(r.body.len, 3000000);
}

static void a_long_body_is_refused(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing post = to(b, S("POST"), "/echo");
    size_t huge = 20 * 1024 * 1024;

    post.body = (struct str){ arena_alloc(&b->arena, huge), ECHO_LIMIT };
    assert_int_equal(call(b, &post, &r), 0);
    assert_int_equal(r.status, 200);
    post.body.len = ECHO_LIMIT + 1;
    assert_int_equal(call(b, &post, &r), 0);
    assert_int_equal(r.status, 413);
    post.body.len = huge; /* the server need not read that much to say so */
    int result = call(b, &post, &r);
    assert_true(result == HTTP_CLIENT_UNREACHABLE || (result == 0 && r.status == 413));

    struct http_outgoing after = to(b, S("GET"), "/echo");
    assert_int_equal(call(b, &after, &r), 0);
    assert_int_equal(r.status, 200);
}

static void many_headers_are_refused(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_header headers[HTTP_SERVER_MAX_HEADERS + 1];
    struct http_outgoing get = to(b, S("GET"), "/echo");

    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        headers[i] = (struct http_header){ arena_fmt(&b->arena, "X-%zu", i), S("") };
    get.headers = headers;
    get.n_headers = ARRAY_LEN(headers);
    assert_int_equal(call(b, &get, &r), 0);
    assert_int_equal(r.status, 431);

    headers[0].value = (struct str){ memset(arena_alloc(&b->arena, 4000), 'x', 4000), 4000 };
    get.n_headers = 1;
    assert_int_equal(call(b, &get, &r), 0);
    assert_int_equal(r.status, 200);
    headers[0].value = (struct str){ memset(arena_alloc(&b->arena, 40000), 'x', 40000), 40000 };
    assert_int_equal(call(b, &get, &r), 0);
    assert_int_equal(r.status, 431);
}

static void an_answer_may_come_late(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/park");
    msec before = clock_monotonic();

    get.timeout = 200;
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_TIMED_OUT);
    assert_in_range(clock_monotonic() - before, 190, 1000);
    assert_true(echo_reaches(&b->echo, &b->echo.n_gone, 1)); /* the server noticed */

    get.wake_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    get.timeout = 5000;
    struct itimerspec in_100_ms = { .it_value.tv_nsec = 100000000 };
    assert_int_equal(timerfd_settime(get.wake_fd, 0, &in_100_ms, NULL), 0);
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_WOKEN);
    close(get.wake_fd);
    assert_true(echo_reaches(&b->echo, &b->echo.n_gone, 2));
}

static void a_large_answer_is_refused(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/big?5000");

    get.max_response = 5000;
    assert_int_equal(call(b, &get, &r), 0);
    get.max_response = 4999;
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_TOO_LARGE);
}

static void nobody_there_is_told(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/");

    get.url = S("http://127.0.0.1:1/");
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNREACHABLE);
    get.url = S("http://name.invalid/");
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNREACHABLE);
    get.url = S("ftp://127.0.0.1/");
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNREACHABLE);
}

static void a_unix_socket_carries_its_tag(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/later");
    struct str path = arena_fmt(&b->arena, "/tmp/patchbay-test-%d.sock", (int)getpid());

    assert_int_equal(http_server_add_unix(b->echo.server, path.p, S("blue")), 0);
    get.unix_socket = path.p;
    assert_int_equal(call(b, &get, &r), 0);
    assert_str(r.body, "GET /later? [blue] 0:");
    http_server_remove_unix(b->echo.server, path.p);
    int result = call(b, &get, &r); /* on the kept connection, or on none */
    assert_true(result == HTTP_CLIENT_UNREACHABLE || (result == 0 && r.status == 403));
    assert_int_equal(http_server_add_unix(b->echo.server, path.p, S("red")), 0);
    if (result == 0)
        (void)call(b, &get, &r);
    assert_int_equal(call(b, &get, &r), 0);
    assert_str(r.body, "GET /later? [red] 0:");
}

static void a_kept_connection_that_was_closed_is_no_failure(void **state)
{
    struct both *b = *state;
    struct http_response r;
    struct http_outgoing get = to(b, S("GET"), "/echo");
    uint16_t port = http_server_port(b->echo.server);
    struct http_server_config config = {
        .address = "127.0.0.1",
        .port = port,
        .body_limit = echo_limit,
        .handle = echo_handle,
        .context = &b->echo,
    };

    assert_int_equal(call(b, &get, &r), 0);
    http_server_stop(b->echo.server);
    b->echo.server = NULL;
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNREACHABLE);
    assert_int_equal(http_server_start(&config, &b->echo.server), 0);
    assert_int_equal(call(b, &get, &r), 0);
    http_server_stop(b->echo.server);
    assert_int_equal(http_server_start(&config, &b->echo.server), 0);
    assert_int_equal(call(b, &get, &r), 0);
}

/* --- answers that no server of ours gives --------------------------------- */

struct canned {
    int listener;
    struct str answer;
};

static void *say(void *context)
{
    struct canned *c = context;
    char bytes[4096];
    int fd = accept(c->listener, NULL, NULL);

    if (read(fd, bytes, sizeof(bytes)) > 0)
        for (size_t i = 0; i < c->answer.len; i++) /* in the smallest pieces */
            if (send(fd, c->answer.p + i, 1, MSG_NOSIGNAL) != 1)
                break;
    close(fd);
    return NULL;
}

static int call_canned(struct both *b, struct str answer, struct http_response *ret)
{
    struct sockaddr_storage address = { .ss_family = AF_INET };
    socklen_t size = sizeof(address);
    struct canned c = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), answer };
    pthread_t thread;

    assert_int_equal(listen(c.listener, 1), 0); /* binds to any port */
    assert_int_equal(getsockname(c.listener, (struct sockaddr *)&address, &size), 0);
    uint16_t port;
    memcpy(&port, (char *)&address + 2, 2);
    assert_int_equal(pthread_create(&thread, NULL, say, &c), 0);
    struct http_outgoing get = { .method = S("GET"), .timeout = 3000 };
    get.url =
        arena_fmt(&b->arena, "http://127.0.0.1:%u/", (unsigned)(port >> 8 | (port & 255) << 8));
    int result = call(b, &get, ret);
    pthread_join(thread, NULL);
    close(c.listener);
    return result;
}

static void answers_of_every_kind_are_understood(void **state)
{
    struct both *b = *state;
    struct http_response r;

    assert_int_equal(call_canned(b,
                                 S("HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n"
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "5;x=y\r\nhello\r\nA\r\n, world!!!\r\n0\r\nY: 2\r\n\r\n"),
                                 &r),
                     0);
    assert_str(r.body, "hello, world!!!");
    assert_false(str_is_set(http_response_get(&r, S("X"))));
    assert_int_equal(call_canned(b, S("HTTP/1.0 404 None\r\n\r\nuntil the end"), &r), 0);
    assert_int_equal(r.status, 404);
    assert_str(r.body, "until the end");
    assert_int_equal(call_canned(b, S("HTTP/1.1 204 No\r\n\r\n"), &r), 0);
    assert_int_equal(r.body.len, 0);
}

static void broken_answers_are_refused(void **state)
{
    struct both *b = *state;
    struct http_response r;
    static const struct str answers[] = {
        S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        S_INIT("HTTP/1.1 200 OK\r\nContent-Len"),
        S_INIT("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        S_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
        S_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        S_INIT("SSH-2.0-OpenSSH_9.2\r\n"),
        S_INIT(""),
    };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        int result = call_canned(b, answers[i], &r);
        if (result != HTTP_CLIENT_UNREACHABLE)
            fail_msg("answer %zu gave %d", i, result);
    }
}

/* --- trust ---------------------------------------------------------------- */

static void a_stranger_is_not_trusted(void **state)
{
    struct both *b = *state;
    struct echo *tls = calloc(1, sizeof(*tls));
    struct http_response r;
    struct certificate certificate;

    assert_true(certificate_make(&certificate));
    assert_int_equal(echo_start(tls, certificate.cert, certificate.key), 0);

    struct http_outgoing get = to(b, S("GET"), "/later");
    uint16_t port = http_server_port(tls->server);
    get.url = arena_fmt(&b->arena, "https://127.0.0.1:%u/later", port);
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNTRUSTED);
    get.ca_file = certificate.cert;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(b, &get, &r), 0);
        assert_str(r.body, "GET /later? [] 0:");
    }
    get.url = arena_fmt(&b->arena, "https://127.0.0.1:%u/big", port);
    assert_int_equal(call(b, &get, &r), 0);
    assert_int_equal(r.body.len, 3000000);
    get.url = arena_fmt(&b->arena, "https://localhost:%u/later", port); /* not in it */
    assert_int_equal(call(b, &get, &r), HTTP_CLIENT_UNTRUSTED);

    echo_stop(tls);
    free(tls);
    certificate_done(&certificate);
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(what_is_asked_is_answered),
        BOTH(a_long_body_is_refused),
        BOTH(many_headers_are_refused),
        BOTH(an_answer_may_come_late),
        BOTH(a_large_answer_is_refused),
        BOTH(nobody_there_is_told),
        BOTH(a_unix_socket_carries_its_tag),
        BOTH(a_kept_connection_that_was_closed_is_no_failure),
        BOTH(answers_of_every_kind_are_understood),
        BOTH(broken_answers_are_refused),
        BOTH(a_stranger_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
