/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client over libcurl. A multi handle around the one transfer, for the
 * kept connections and for waiting on the caller's descriptor as well.
 */
#include "sys/http_client.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdlib.h>
#include <threads.h>

#include "base/buf.h"
#include "sys/http_outgoing.h"

#define MAX_HEAD ((size_t)64 * 1024)

struct http_client {
    CURLM *multi;
    CURL *easy;
    char error[CURL_ERROR_SIZE];
};

/* One call: what has come of the answer. */
struct incoming {
    struct arena *arena;
    struct buf body;
    struct http_header *headers;
    size_t n_headers, capacity, head_size, max_body;
    bool is_too_large, has_head;
};

static once_flag curl_once = ONCE_FLAG_INIT;

static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

struct http_client *http_client_new(void)
{
    struct http_client *c = calloc(1, sizeof(*c));

    call_once(&curl_once, init_curl);
    if (!c)
        abort();
    c->multi = curl_multi_init();
    c->easy = curl_easy_init();
    if (!c->multi || !c->easy)
        abort();
    return c;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    curl_multi_cleanup(c->multi);
    free(c);
}

/* --- the answer ----------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
    struct incoming *in = context;
    size_t len = size * n;

    if (len > in->max_body - in->body.len) {
        in->is_too_large = true;
        return 0;
    }
    buf_add(&in->body, (struct str){ bytes, len });
    return len;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *context)
{
    struct incoming *in = context;
    size_t len = size * n;
    struct str name, value;

    in->head_size += len;
    if (in->n_headers == HTTP_CLIENT_MAX_HEADERS || in->head_size > MAX_HEAD) {
        in->is_too_large = true;
        return 0;
    }
    struct str line = arena_dup(in->arena, str_trim((struct str){ bytes, len }));
    if (str_starts(line, S("HTTP/"))) {
        in->n_headers = 0; /* what came before was of a 1xx, or the proxy's */
        in->has_head = false;
        return len;
    }
    in->has_head |= str_is_empty(line);
    if (!str_cut(line, ':', &name, &value))
        return len;
    in->headers = ARENA_GROW(in->arena, in->headers, in->n_headers, &in->capacity);
    in->headers[in->n_headers++] = (struct http_header){ name, str_trim(value) };
    return len;
}

/* --- the request ---------------------------------------------------------- */

static void add_line(struct curl_slist **list, const char *line)
{
    *list = curl_slist_append(*list, line);
    if (!*list)
        abort();
}

/* libcurl's own ideas of Accept, Expect and a form's Content-Type stay out. */
static struct curl_slist *header_lines(const struct http_outgoing *out, struct arena *a)
{
    struct curl_slist *list = NULL;
    bool has_type = false;

    add_line(&list, "Expect:");
    for (size_t i = 0; i < out->n_headers; i++) {
        const struct http_header *h = &out->headers[i];
        if (str_ieq(h->name, S("Content-Length")))
            continue;
        has_type |= str_ieq(h->name, S("Content-Type"));
        add_line(&list, (h->value.len ? arena_fmt(a, "%.*s: %.*s", STR(h->name), STR(h->value))
                                      : arena_fmt(a, "%.*s;", STR(h->name)))
                            .p);
    }
    if (!has_type)
        add_line(&list, "Content-Type:");
    return list;
}

static bool is_loopback(struct str url)
{
    ptrdiff_t at = str_find(url, '/');
    struct str host = at < 0 ? url : str_from(url, (size_t)at + 2);

    return str_starts(host, S("127.")) || str_starts(host, S("localhost:")) ||
           str_starts(host, S("localhost/")) || str_starts(host, S("[::1]"));
}

static void set_method(CURL *easy, const struct http_outgoing *out, struct arena *a)
{
    if (str_eq(out->method, S("HEAD"))) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, arena_cstr(a, out->method));
    if (out->body.len > 0 || str_eq(out->method, S("POST")) || str_eq(out->method, S("PUT"))) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)out->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, out->body.p ? out->body.p : "");
    }
}

static long timeout_of(msec given, msec otherwise)
{
    msec ms = given > 0 ? given : otherwise;
    return ms > LONG_MAX ? LONG_MAX : (long)ms;
}

static void set_up(struct http_client *c, const struct http_outgoing *out, struct incoming *in,
                   struct curl_slist *headers)
{
    CURL *e = c->easy;

    curl_easy_reset(e);
    c->error[0] = '\0';
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(e, CURLOPT_URL, arena_cstr(in->arena, out->url));
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L); /* it is signed */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout_of(out->timeout, HTTP_CLIENT_TIMEOUT));
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_of(out->connect_timeout, HTTP_CLIENT_CONNECT_TIMEOUT));
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    if (out->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, out->ca_file);
    if (out->unix_socket)
        curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, out->unix_socket);
    if (out->unix_socket || is_loopback(out->url))
        curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, in);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, in);
    set_method(e, out, in->arena);
}

/* --- the call ------------------------------------------------------------- */

static CURLcode transfer(struct http_client *c, int wake_fd, bool *ret_woken)
{
    CURLcode code = CURLE_OK;
    int running = 1, left;

    *ret_woken = false;
    while (running && !*ret_woken) {
        struct curl_waitfd wake = { .fd = wake_fd, .events = CURL_WAIT_POLLIN };
        if (curl_multi_perform(c->multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        if (running && curl_multi_poll(c->multi, &wake, wake_fd > 0, 60000, NULL) != CURLM_OK)
            return CURLE_FAILED_INIT;
        *ret_woken = running && wake.revents != 0;
    }
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));)
        if (m->msg == CURLMSG_DONE)
            code = m->data.result;
    return code;
}

static int outcome_of(struct http_client *c, CURLcode code, const struct incoming *in,
                      bool is_woken, struct str *ret_why)
{
    int outcome = HTTP_CLIENT_UNREACHABLE;
    const char *why = c->error[0] ? c->error : curl_easy_strerror(code);

    if (is_woken) {
        outcome = HTTP_CLIENT_WOKEN;
        why = "the call was given up";
    } else if (in->is_too_large) {
        outcome = HTTP_CLIENT_TOO_LARGE;
        why = "the answer is too large";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        outcome = HTTP_CLIENT_TIMED_OUT;
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        outcome = HTTP_CLIENT_UNTRUSTED;
    }
    if (ret_why)
        *ret_why = arena_dup(in->arena, str_of(why));
    return outcome;
}

int http_call(struct http_client *c, const struct http_outgoing *out, struct arena *a,
              struct http_response *ret, struct str *ret_why)
{
    struct incoming in = {
        .arena = a,
        .body = buf_in(a),
        .max_body = out->max_response ? out->max_response : HTTP_CLIENT_MAX_RESPONSE,
    };
    bool is_woken = false;
    long status = 0;

    if (!http_outgoing_is_sound(out))
        return err_fault(EINVAL, "a control character in a request's head");
    struct curl_slist *headers = header_lines(out, a);
    set_up(c, out, &in, headers);
    CURLcode code = CURLE_FAILED_INIT;
    if (curl_multi_add_handle(c->multi, c->easy) == CURLM_OK) {
        code = transfer(c, out->wake_fd, &is_woken);
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(c->multi, c->easy);
    }
    curl_slist_free_all(headers);
    if (code == CURLE_OK && !in.has_head && !is_woken)
        code = CURLE_WEIRD_SERVER_REPLY; /* libcurl is content with half of one */
    if (code != CURLE_OK || is_woken)
        return outcome_of(c, code, &in, is_woken, ret_why);
    *ret = (struct http_response){ (int)status, in.headers, in.n_headers, buf_str(&in.body) };
    return 0;
}
