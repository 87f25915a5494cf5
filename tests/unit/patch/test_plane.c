/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/plane.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/sigv4.h"

#include "../test.h"

static const char file[] = "# made by the agent\n"
                           "[other]\n"
                           "aws_access_key_id = WRONG\n"
                           "\n"
                           "[default]\r\n"
                           "aws_access_key_id = ASIA1\n"
                           "aws_secret_access_key=se/cr=et\n"
                           "  aws_session_token =  token==\n"
                           "region = eu-west-1\n"
                           "[half]\n"
                           "aws_access_key_id = ASIA2\n"
                           "nonsense\n";

static void a_profile_is_read(void **state)
{
    (void)state;
    struct sigv4_credentials c = { 0 };

    assert_true(plane_read_profile(str_of(file), S("default"), &c));
    assert_str(c.access_key, "ASIA1");
    assert_str(c.secret, "se/cr=et");
    assert_str(c.token, "token==");
}

static void half_a_profile_is_none(void **state)
{
    (void)state;
    struct sigv4_credentials c = { 0 };

    assert_false(plane_read_profile(str_of(file), S("half"), &c));
    assert_false(plane_read_profile(str_of(file), S("nobody"), &c));
    assert_false(plane_read_profile(S(""), S("default"), &c));
    assert_false(str_is_set(c.access_key));
}

/* --- a plane whose clock is three hours ahead ----------------------------- */

struct other_plane {
    int listener;
    struct arena arena;
    struct str heads[2];
};

static struct str read_request(struct arena *a, int fd)
{
    struct buf b = buf_in(a);
    char byte;

    while (!str_ends(buf_str(&b), S("\r\n\r\n{}")) && recv(fd, &byte, 1, 0) == 1)
        buf_byte(&b, byte);
    buf_byte(&b, '\0');
    return buf_str(&b);
}

/* A refusal that tells the time, then a good answer. */
static void *serve(void *context)
{
    static const char refusal[] = "{\"__type\":\"InvalidSignatureException\",\"message\":\"m\"}";
    struct other_plane *o = context;
    char date[64];
    time_t there = (time_t)(clock_now() / MSEC_SECOND) + 3 * 3600;
    struct tm tm;

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&there, &tm));
    for (int i = 0; i < 2; i++) {
        int fd = accept(o->listener, NULL, NULL);
        const char *body = i == 0 ? refusal : "{}";
        o->heads[i] = read_request(&o->arena, fd);
        struct str answer = arena_fmt(
            &o->arena,
            "HTTP/1.1 %s\r\nDate: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
            i == 0 ? "400 No" : "200 Yes", date, strlen(body), body);
        assert_int_equal(send(fd, answer.p, answer.len, MSG_NOSIGNAL), (ssize_t)answer.len);
        close(fd);
    }
    return NULL;
}

static struct str amz_date(struct str head)
{
    return str_slice(str_of(strstr(head.p, "X-Amz-Date: ")), 12, 11);
}

static void a_wrong_clock_is_made_good_by_the_planes(void **state)
{
    (void)state;
    struct other_plane o = { .listener = socket(AF_INET, SOCK_STREAM, 0) };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    struct arena a = { 0 };
    char path[] = "/tmp/patchbay-credentials.XXXXXX";
    struct value *answer;
    struct plane_error error;
    struct str why;
    pthread_t thread;

    close(mkstemp(path));
    assert_int_equal(file_write(path, str_of(file), 0600), 0);
    assert_int_equal(bind(o.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(o.listener, 2), 0);
    assert_int_equal(getsockname(o.listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, &o), 0);
    struct plane p = { .http = http_client_new(),
                       .endpoint = arena_fmt(&a, "http://127.0.0.1:%u", ntohs(address.sin_port)),
                       .region = S("eu-west-1"),
                       .credentials_file = str_of(path),
                       .profile = S("default") };

    assert_int_equal(plane_call(&a, &p, "X", value_map(&a), &answer, &error, &why), 0);
    pthread_join(thread, NULL);
    assert_in_range(p.skew, 3 * MSEC_HOUR - 10000, 3 * MSEC_HOUR + 10000);
    assert_false(str_eq(amz_date(o.heads[0]), amz_date(o.heads[1]))); /* to the hour */
    close(o.listener);
    unlink(path);
    http_client_free(p.http);
    arena_done(&a);
    arena_done(&o.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_read),
        cmocka_unit_test(half_a_profile_is_none),
        cmocka_unit_test(a_wrong_clock_is_made_good_by_the_planes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
