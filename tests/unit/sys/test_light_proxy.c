/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/light_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "certificate.h"
#include "echo.h"

#include "../test.h"
#include "sys/http_client.h"

static struct light_proxy proxy_of(struct arena *a, bool is_tls, struct str host)
{
    struct light_proxy p;

    assert_int_equal(light_proxy_of(a, is_tls, host, S("443"), &p), 0);
    return p;
}

static void the_environment_is_read_as_others_read_it(void **state)
{
    (void)state;
    struct arena a = { 0 };

    unsetenv("https_proxy");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("http_proxy", "http://us%40er:pw@proxy.example:8080/", 1);
    setenv("HTTPS_PROXY", "other.example", 1);
    struct light_proxy p = proxy_of(&a, false, S("host.test"));
    assert_str(p.host, "proxy.example");
    assert_str(p.port, "8080");
    assert_str(p.credentials, "Basic dXNAZXI6cHc=");
    p = proxy_of(&a, true, S("host.test"));
    assert_str(p.host, "other.example");
    assert_str(p.port, "3128");
    assert_false(str_is_set(p.credentials));
    assert_false(str_is_set(proxy_of(&a, true, S("127.0.0.1")).host));

    setenv("NO_PROXY", "x.org, .host.test", 1);
    assert_false(str_is_set(proxy_of(&a, true, S("host.test")).host));
    assert_false(str_is_set(proxy_of(&a, true, S("a.Host.test")).host));
    assert_true(str_is_set(proxy_of(&a, true, S("ghost.test")).host));
    setenv("no_proxy", "*", 1);
    assert_false(str_is_set(proxy_of(&a, true, S("ghost.test")).host));
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    unsetenv("HTTPS_PROXY");
    arena_done(&a);
}

static void exceptions_may_have_a_port_or_be_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host, *port;
        bool is_exempt;
    } cases[] = {
        { "a.test:8443", "a.test", "8443", true },
        { "a.test:8443", "a.test", "443", false },
        { "10.1.2.3", "10.1.2.3", "443", true },
        { "0.1.2.3", "10.1.2.3", "443", false },
        { "fd00::1", "fd00::1", "443", true },
        { "[fd00::1]", "fd00::1", "443", true },
        { "[fd00::1]:80", "fd00::1", "80", true },
        { "[fd00::1]:80", "fd00::1", "443", false },
        { "*:80", "a.test", "80", true },
        { "*:80", "a.test", "443", false },
        { "", "a.test", "443", false },
        { " , .test ,", "a.test", "443", true },
        { "test", "a.test", "443", true },
        { "est", "a.test", "443", false },
        { "10.0.0.0/8", "10.1.2.3", "443", false },
    };
    struct arena a = { 0 };
    struct light_proxy p;

    setenv("https_proxy", "proxy.example", 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        setenv("no_proxy", cases[i].list, 1);
        assert_int_equal(light_proxy_of(&a, true, str_of(cases[i].host), str_of(cases[i].port), &p),
                         0);
        assert_int_equal(str_is_set(p.host), !cases[i].is_exempt);
    }
    unsetenv("https_proxy");
    unsetenv("no_proxy");
    arena_done(&a);
}

/* Going directly where a proxy was asked for would be a leak at worst, a riddle at best. */
static void a_proxy_that_cannot_be_used_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = { "socks5://x:1",  "https://x:1",     "http://",   "x:port",
                                       "http://x/path", "http://u%zz@x:1", "http://:1", "a b" };
    struct arena a = { 0 };
    struct light_proxy p;
    struct http_client *c = http_client_new();
    struct http_response r;
    struct str why;
    struct http_outgoing get = { .method = S("GET"), .url = S("http://u.test/") };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(light_proxy_parse(&a, str_of(bad[i]), &p));
    assert_true(light_proxy_parse(&a, S("http://[fd00::1]:8080/"), &p));
    assert_str(p.host, "fd00::1");
    assert_str(p.port, "8080");
    assert_int_equal(light_proxy_export("socks5://me:secret@x:1", NULL), 0);
    assert_int_equal(light_proxy_of(&a, true, S("u.test"), S("443"), &p), LIGHT_PROXY_UNUSABLE);
    assert_int_equal(http_call(c, &get, &a, &r, &why), HTTP_CLIENT_UNREACHABLE);
    assert_true(str_contains(why, S("http_proxy")) && !str_contains(why, S("secret")));
    assert_int_equal(light_proxy_export("http://x:1", "u.test"), 0);
    assert_int_equal(light_proxy_of(&a, true, S("u.test"), S("443"), &p), 0);
    assert_false(str_is_set(p.host));
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("no_proxy");
    http_client_free(c);
    arena_done(&a);
}

static void a_plain_call_names_the_whole_address(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct echo *e = calloc(1, sizeof(*e));
    struct http_client *c = http_client_new();
    struct http_response r;
    struct http_outgoing get = { .method = S("GET"), .url = S("http://patch.test/later?x") };

    assert_int_equal(echo_start(e, NULL, NULL), 0); /* stands for the proxy */
    setenv("http_proxy", arena_fmt(&a, "http://127.0.0.1:%u", http_server_port(e->server)).p, 1);
    assert_int_equal(http_call(c, &get, &a, &r, NULL), 0);
    assert_str(r.body, "GET /later?x [] 0:");
    http_client_free(c);
    echo_stop(e);
    free(e);
    arena_done(&a);
}

/* --- a tunnel ------------------------------------------------------------- */

struct tunnel {
    int listener;
    uint16_t to;
    struct str verdict;
    char head[1000];
};

static bool pass_on(int from, int to)
{
    char bytes[4096];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);
    return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void *serve_tunnel(void *context)
{
    struct tunnel *t = context;
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(t->to) };
    size_t len = 0;
    int in = accept(t->listener, NULL, NULL), out = socket(AF_INET, SOCK_STREAM, 0);

    while (!strstr(t->head, "\r\n\r\n") && len < sizeof(t->head) - 1 &&
           recv(in, t->head + len, 1, 0) == 1)
        len++;
    if (connect(out, (struct sockaddr *)&to, sizeof(to)) == 0 &&
        send(in, t->verdict.p, t->verdict.len, MSG_NOSIGNAL) > 0) {
        struct pollfd fds[2] = { { .fd = in, .events = POLLIN }, { .fd = out, .events = POLLIN } };
        bool goes_on = true;
        while (goes_on && poll(fds, 2, 5000) > 0)
            goes_on =
                (!fds[0].revents || pass_on(in, out)) && (!fds[1].revents || pass_on(out, in));
    }
    close(in);
    close(out);
    return NULL;
}

static int call_by_tunnel(struct echo *e, const char *cert, struct str verdict, struct arena *a,
                          char *ret_head, struct http_response *ret, struct str *ret_why)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    struct tunnel t = { .listener = socket(AF_INET, SOCK_STREAM, 0),
                        .to = http_server_port(e->server),
                        .verdict = verdict };
    pthread_t thread;
    struct http_client *c = http_client_new();
    struct http_outgoing get = {
        .method = S("GET"), .url = S("https://patch.test/later"), .ca_file = cert, .timeout = 5000
    };

    assert_int_equal(listen(t.listener, 1), 0);
    assert_int_equal(getsockname(t.listener, (struct sockaddr *)&address, &size), 0);
    setenv("https_proxy", arena_fmt(a, "u:p@127.0.0.1:%u", ntohs(address.sin_port)).p, 1);
    assert_int_equal(pthread_create(&thread, NULL, serve_tunnel, &t), 0);
    int result = http_call(c, &get, a, ret, ret_why);
    http_client_free(c);
    pthread_join(thread, NULL);
    close(t.listener);
    strcpy(ret_head, t.head);
    return result;
}

static void a_call_with_tls_goes_through_a_tunnel(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct echo *e = calloc(1, sizeof(*e));
    struct certificate certificate;
    struct http_response r;
    struct str why;
    char head[1000];

    assert_true(certificate_make(&certificate));
    assert_int_equal(echo_start(e, certificate.cert, certificate.key), 0);
    assert_int_equal(call_by_tunnel(e, certificate.cert, S("HTTP/1.1 200 Fine\r\nX: y\r\n\r\n"), &a,
                                    head, &r, &why),
                     0);
    assert_str(r.body, "GET /later? [] 0:");
    assert_string_equal(head, "CONNECT patch.test:443 HTTP/1.1\r\nHost: patch.test:443\r\n"
                              "Proxy-Authorization: Basic dTpw\r\n\r\n");
    assert_int_equal(
        call_by_tunnel(e, certificate.cert, S("HTTP/1.1 407 No\r\n\r\n"), &a, head, &r, &why),
        HTTP_CLIENT_UNREACHABLE);
    assert_str(why, "the proxy refuses: 407");
    echo_stop(e);
    free(e);
    certificate_done(&certificate);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_is_read_as_others_read_it),
        cmocka_unit_test(exceptions_may_have_a_port_or_be_an_address),
        cmocka_unit_test(a_proxy_that_cannot_be_used_is_an_error),
        cmocka_unit_test(a_plain_call_names_the_whole_address),
        cmocka_unit_test(a_call_with_tls_goes_through_a_tunnel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
