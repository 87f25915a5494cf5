/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/packages.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/time.h"
#include "sys/file.h"

#define SCRIPT_LIMIT  ((size_t)256 * 1024)
#define SCRIPT_MARKER S("@PLANE@")
#define NAME_LIMIT    200
#define MAX_HEADERS   6

/* What may be asked for by name, so that a key or a note left in the folder is never served. */
static const struct {
    struct str ending, type;
} kinds[] = {
    { S_INIT(".deb"), S_INIT("application/vnd.debian.binary-package") },
    { S_INIT(".rpm"), S_INIT("application/x-rpm") },
    { S_INIT("MANIFEST"), S_INIT("text/plain; charset=utf-8") },
    { S_INIT("MANIFEST.sig"), S_INIT("application/octet-stream") },
    { S_INIT("packages.pem"), S_INIT("application/x-pem-file") },
};

/* One answer in the making. */
struct visit {
    struct http_exchange *x;
    struct arena *a;
    const struct http_request *request;
    struct http_header headers[MAX_HEADERS];
    size_t n_headers;
    int fd;
    struct stat st;
};

int packages_check(const struct packages *p)
{
    struct arena a = { 0 };
    struct stat st;

    if (!str_is_set(p->directory))
        return 0;
    bool is_there = stat(arena_cstr(&a, p->directory), &st) == 0 && S_ISDIR(st.st_mode);
    arena_done(&a);
    return is_there
               ? 0
               : err_fault(ENOTDIR, "packages_dir: there is no folder %.*s", STR(p->directory));
}

static bool is_signed(const struct http_request *r)
{
    return str_is_set(http_header_get(r, S("Authorization"))) ||
           str_contains(r->query, S("Signature="));
}

bool packages_is_path(const struct http_request *r)
{
    return (str_eq(r->path, S("/install.sh")) || str_starts(r->path, S("/packages/"))) &&
           !is_signed(r);
}

static void add_header(struct visit *v, struct str name, struct str value)
{
    assert(v->n_headers < MAX_HEADERS);
    v->headers[v->n_headers++] = (struct http_header){ name, value };
}

static struct http_response response_of(struct visit *v, int status, struct str body)
{
    return (struct http_response){
        .status = status,
        .headers = arena_copy(v->a, v->headers, sizeof(v->headers)),
        .n_headers = v->n_headers,
        .body = body,
    };
}

static void answer_text(struct visit *v, int status, struct str sentence)
{
    add_header(v, S("Content-Type"), S("text/plain; charset=utf-8"));
    struct http_response response = response_of(v, status, sentence);
    http_answer(v->x, &response);
}

/* --- a file ------------------------------------------------------------------ */

static struct str type_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        bool is_ending = kinds[i].ending.p[0] == '.';
        if (is_ending ? str_ends(name, kinds[i].ending) : str_eq(name, kinds[i].ending))
            return kinds[i].type;
    }
    return (struct str){ 0 };
}

/* One name, as sign.sh writes them: nothing to decode, nothing that leaves the folder. */
static bool is_name(struct str name)
{
    return name.len > 0 && name.len <= NAME_LIMIT && name.p[0] != '.' && str_is_word(name, "._+~-");
}

/* False if there is no such regular file; a link is not followed, so that the folder shows
 * what is in it and nothing else. */
static bool open_file(struct visit *v, const struct packages *p, struct str name)
{
    v->fd = open(arena_fmt(v->a, "%.*s/%.*s", STR(p->directory), STR(name)).p,
                 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (v->fd < 0)
        return false;
    if (fstat(v->fd, &v->st) == 0 && S_ISREG(v->st.st_mode))
        return true;
    close(v->fd);
    return false;
}

static msec modified_at(const struct visit *v)
{
    return (msec)v->st.st_mtim.tv_sec * MSEC_SECOND;
}

/* A file that is replaced has another inode or another time. */
static struct str etag_of(struct visit *v)
{
    return arena_fmt(v->a, "\"%llx-%llx-%llx.%lx\"", (unsigned long long)v->st.st_ino,
                     (unsigned long long)v->st.st_size, (unsigned long long)v->st.st_mtim.tv_sec,
                     (unsigned long)v->st.st_mtim.tv_nsec);
}

/* A list of tags, or *; a weak one is as good here. */
static bool has_tag(struct str list, struct str etag)
{
    struct str piece;

    while (str_next(&list, ',', &piece)) {
        piece = str_trim(piece);
        if (str_starts(piece, S("W/")))
            piece = str_from(piece, 2);
        if (str_eq(piece, etag) || str_eq(piece, S("*")))
            return true;
    }
    return false;
}

static bool is_unchanged(struct visit *v, struct str etag)
{
    struct str tags = http_header_get(v->request, S("If-None-Match"));
    msec since;

    if (str_is_set(tags))
        return has_tag(tags, etag);
    return time_parse_http(http_header_get(v->request, S("If-Modified-Since")), &since) &&
           modified_at(v) <= since;
}

/* A range of what the client has a part of is worth nothing once the file is another. */
static struct str range_of(struct visit *v, struct str etag)
{
    struct str as = http_header_get(v->request, S("If-Range"));
    msec since;

    bool is_same = !str_is_set(as) || str_eq(as, etag) ||
                   (time_parse_http(as, &since) && modified_at(v) == since);
    return is_same ? http_header_get(v->request, S("Range")) : S("");
}

static void send_file(struct visit *v, struct str range)
{
    int64_t size = v->st.st_size, first = 0, last = size - 1;
    int status = 200;

    switch (http_range_parse(range, size, &first, &last)) {
    case HTTP_RANGE_ALL:
        first = 0;
        last = size - 1;
        break;
    case HTTP_RANGE_PART:
        status = 206;
        add_header(v, S("Content-Range"),
                   arena_fmt(v->a, "bytes %lld-%lld/%lld", (long long)first, (long long)last,
                             (long long)size));
        break;
    case HTTP_RANGE_NONE:
        close(v->fd);
        v->n_headers = 0;
        add_header(v, S("Content-Range"), arena_fmt(v->a, "bytes */%lld", (long long)size));
        answer_text(v, 416, S("There is nothing in that range.\n"));
        return;
    }
    struct http_response response = response_of(v, status, S(""));
    const struct http_file file = { v->fd, (uint64_t)first, (uint64_t)(last - first + 1) };
    http_answer_file(v->x, &response, &file);
}

static void answer_file(struct visit *v, const struct packages *p, struct str name)
{
    struct str type = is_name(name) ? type_of(name) : (struct str){ 0 };

    if (!str_is_set(type) || !open_file(v, p, name)) {
        answer_text(v, 404, S("There is no such package.\n"));
        return;
    }
    struct str etag = etag_of(v);
    add_header(v, S("ETag"), etag);
    add_header(v, S("Last-Modified"), time_http(v->a, modified_at(v)));
    add_header(v, S("Accept-Ranges"), S("bytes"));
    if (is_unchanged(v, etag)) {
        close(v->fd);
        struct http_response response = response_of(v, 304, S(""));
        http_answer(v->x, &response);
        return;
    }
    add_header(v, S("Content-Type"), type);
    send_file(v, range_of(v, etag));
}

/* --- the script ---------------------------------------------------------------- */

/* The client's own word goes into a shell script: nothing but what a host and a port have. */
static struct str plane_url_for(struct visit *v, const struct packages *p)
{
    struct str host = http_header_get(v->request, S("Host"));

    if (str_is_set(p->public_url))
        return p->public_url;
    if (str_is_empty(host) || host.len > 300 || !str_is_word(host, ".:-[]"))
        return (struct str){ 0 };
    return arena_fmt(v->a, "%s://%.*s", p->scheme, STR(host));
}

static struct str fill_in(struct arena *a, struct str text, struct str url)
{
    struct buf b = buf_in(a);
    const char *at;

    while ((at = text.len ? memmem(text.p, text.len, SCRIPT_MARKER.p, SCRIPT_MARKER.len) : NULL)) {
        size_t before = (size_t)(at - text.p);
        buf_add(&b, str_slice(text, 0, before));
        buf_add(&b, url);
        text = str_from(text, before + SCRIPT_MARKER.len);
    }
    buf_add(&b, text);
    return buf_str(&b);
}

static void answer_script(struct visit *v, const struct packages *p)
{
    struct str text, url = plane_url_for(v, p);

    if (!str_is_set(url)) {
        answer_text(v, 400, S("The Host header is not a host.\n"));
        return;
    }
    int read = file_read(v->a, arena_fmt(v->a, "%.*s/install.sh", STR(p->directory)).p,
                         SCRIPT_LIMIT, &text);
    if (read != 0) {
        if (read < 0)
            log_error("%s", err_trace());
        answer_text(v, 404,
                    S("There is no install.sh in this plane's packages_dir: packaging/sign.sh "
                      "makes it.\n"));
        return;
    }
    struct str script = fill_in(v->a, text, url);
    add_header(v, S("Content-Type"), S("text/x-shellscript; charset=utf-8"));
    add_header(v, S("Cache-Control"), S("no-cache"));
    add_header(v, S("Content-Length"), arena_fmt(v->a, "%zu", script.len));
    struct http_response response = response_of(v, 200, script);
    http_answer(v->x, &response);
}

void packages_answer(const struct packages *p, struct http_exchange *x)
{
    struct visit v = { .x = x, .a = http_exchange_arena(x), .request = http_exchange_request(x) };
    struct str method = v.request->method;

    if (!str_eq(method, S("GET")) && !str_eq(method, S("HEAD"))) {
        add_header(&v, S("Allow"), S("GET, HEAD"));
        answer_text(&v, 405, S("Only GET and HEAD.\n"));
    } else if (!str_is_set(p->directory)) {
        answer_text(&v, 404, S("This plane serves no packages: its packages_dir is not set.\n"));
    } else if (str_eq(v.request->path, S("/install.sh"))) {
        answer_script(&v, p);
    } else {
        answer_file(&v, p, str_from(v.request->path, strlen("/packages/")));
    }
}
