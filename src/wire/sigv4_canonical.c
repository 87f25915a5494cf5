/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Create a canonical request", IAM user guide. Everything is written once,
 * into one piece of memory whose size is known beforehand.
 */
#include <stdlib.h>

#include "wire/sigv4_private.h"

bool sigv4_is_s3(struct str service)
{
    return str_eq(service, S("s3"));
}

/* Where the canonical form is written to; there is always room. */
struct pen {
    char *p;
    size_t len, capacity;
};

static struct pen pen_with(struct arena *a, size_t capacity)
{
    return (struct pen){ arena_alloc(a, capacity + 1), 0, capacity };
}

static void put(struct pen *pen, char c)
{
    assert(pen->len < pen->capacity);
    pen->p[pen->len++] = c;
}

static void put_str(struct pen *pen, struct str s)
{
    assert(s.len <= pen->capacity - pen->len);
    if (s.len)
        memcpy(pen->p + pen->len, s.p, s.len);
    pen->len += s.len;
}

static struct str pen_str(const struct pen *pen)
{
    return (struct str){ pen->p, pen->len };
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct pen *pen, char c)
{
    static const char hex[] = "0123456789ABCDEF";

    if (is_unreserved(c)) {
        put(pen, c);
        return;
    }
    put(pen, '%');
    put(pen, hex[(unsigned char)c >> 4]);
    put(pen, hex[(unsigned char)c & 15]);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode s and encode it again: whatever a client chose to escape, it comes
 * out the same. An escape that is none is a percent sign. */
static void put_reencoded(struct pen *pen, struct str s, bool plus_is_space)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        int high = c == '%' && i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        put_encoded(pen, c);
    }
}

/* S3 signs the path as it is, each byte escaped once. What came escaped stays
 * so: a "%2F" within a key is no slash. */
static void put_s3_path(struct pen *pen, struct str path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.p[i];
        if (c == '/' || (c == '%' && i + 2 < path.len && hex_digit(path.p[i + 1]) >= 0 &&
                         hex_digit(path.p[i + 2]) >= 0))
            put(pen, c);
        else
            put_encoded(pen, c);
    }
}

/* The others: without empty, "." and ".." segments, and every byte of the
 * already escaped path escaped once more. */
static void put_path(struct pen *pen, struct str path)
{
    size_t start = pen->len, depth = 0;
    struct str rest = path, segment;

    while (str_next(&rest, '/', &segment)) {
        if (segment.len == 0 || str_eq(segment, S(".")))
            continue;
        if (str_eq(segment, S(".."))) {
            while (depth > 0 && pen->p[--pen->len] != '/')
                continue;
            depth -= depth > 0;
            continue;
        }
        put(pen, '/');
        depth++;
        for (size_t i = 0; i < segment.len; i++)
            put_encoded(pen, segment.p[i]);
    }
    if (pen->len == start || (path.len && path.p[path.len - 1] == '/'))
        put(pen, '/');
}

struct parameter {
    struct str name, value;
};

static int by_name_and_value(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    int order = str_cmp(x->name, y->name);
    return order ? order : str_cmp(x->value, y->value);
}

/* The next parameter in canonical form, written behind pen. */
static bool next_parameter(struct str *rest, struct pen *pen, struct parameter *ret)
{
    struct str name, value;

    if (!http_query_next(rest, &name, &value))
        return false;
    size_t start = pen->len;
    put_reencoded(pen, name, true);
    size_t middle = pen->len;
    put_reencoded(pen, value, true);
    ret->name = (struct str){ pen->p + start, middle - start };
    ret->value = (struct str){ pen->p + middle, pen->len - middle };
    return true;
}

struct str sigv4_canonical_query(struct arena *a, struct str query, bool without_signature)
{
    size_t most = query.len ? 1 : 0, count = 0;

    for (size_t i = 0; i < query.len; i++)
        most += query.p[i] == '&';
    if (most == 0)
        return S("");
    if (most > SIGV4_MAX_PARAMETERS)
        return (struct str){ 0 };

    struct parameter *list = arena_array(a, struct parameter, most);
    struct pen scratch = pen_with(a, query.len * 3);
    while (next_parameter(&query, &scratch, &list[count]))
        if (!without_signature || !str_eq(list[count].name, S("X-Amz-Signature")))
            count++;
    qsort(list, count, sizeof(*list), by_name_and_value);

    struct pen pen = pen_with(a, scratch.len + 2 * most);
    for (size_t i = 0; i < count; i++) {
        if (i)
            put(&pen, '&');
        put_str(&pen, list[i].name);
        put(&pen, '=');
        put_str(&pen, list[i].value);
    }
    return pen_str(&pen);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Trimmed, and runs of blanks as one. */
static void put_header_value(struct pen *pen, struct str value)
{
    bool pending = false, begun = false;

    for (size_t i = 0; i < value.len; i++) {
        if (is_blank(value.p[i])) {
            pending = begun;
            continue;
        }
        if (pending)
            put(pen, ' ');
        put(pen, value.p[i]);
        pending = false;
        begun = true;
    }
}

/* "name:value\n", with the values of all headers of that name. */
static bool put_header(struct pen *pen, const struct http_request *r, struct str name)
{
    bool found = false;

    put_str(pen, name);
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!str_ieq(r->headers[i].name, name))
            continue;
        put(pen, found ? ',' : ':');
        put_header_value(pen, r->headers[i].value);
        found = true;
    }
    put(pen, '\n');
    return found;
}

static bool put_headers(struct pen *pen, const struct http_request *r, struct str signed_headers)
{
    struct str name, last = S("");

    for (size_t n = 0; str_next(&signed_headers, ';', &name); n++) {
        /* In order, so each at most once: the size reckoned below is enough. */
        if (n >= SIGV4_MAX_SIGNED_HEADERS || str_cmp(last, name) >= 0 || !put_header(pen, r, name))
            return false;
        last = name;
    }
    return true;
}

static size_t headers_size(const struct http_request *r, struct str signed_headers)
{
    size_t size = signed_headers.len + 2 * SIGV4_MAX_SIGNED_HEADERS;

    for (size_t i = 0; i < r->n_headers; i++)
        size += r->headers[i].value.len + 1;
    return size;
}

struct str sigv4_canonical_request(struct arena *a, const struct http_request *r,
                                   const struct sigv4_scope *scope)
{
    struct str query = sigv4_canonical_query(a, r->query, scope->is_presigned);
    if (!str_is_set(query))
        return (struct str){ 0 };

    struct pen pen = pen_with(a, r->method.len + r->path.len * 3 + query.len +
                                     headers_size(r, scope->signed_headers) +
                                     scope->signed_headers.len + scope->payload_hash.len + 16);
    put_str(&pen, r->method);
    put(&pen, '\n');
    if (!sigv4_is_s3(scope->service))
        put_path(&pen, r->path);
    else
        put_s3_path(&pen, r->path.len ? r->path : S("/"));
    put(&pen, '\n');
    put_str(&pen, query);
    put(&pen, '\n');
    if (!put_headers(&pen, r, scope->signed_headers))
        return (struct str){ 0 };
    put(&pen, '\n');
    put_str(&pen, scope->signed_headers);
    put(&pen, '\n');
    put_str(&pen, scope->payload_hash);
    return pen_str(&pen);
}

static void hex_into(const struct digest *d, char ret[SIGV4_HEX_SIZE])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_SIZE; i++) {
        ret[2 * i] = hex[d->bytes[i] >> 4];
        ret[2 * i + 1] = hex[d->bytes[i] & 15];
    }
}

struct str sigv4_string_to_sign(struct arena *a, const struct http_request *r,
                                const struct sigv4_scope *scope)
{
    struct str canonical = sigv4_canonical_request(a, r, scope);
    if (!str_is_set(canonical))
        return (struct str){ 0 };

    struct digest digest = sha256(canonical);
    char hash[SIGV4_HEX_SIZE];
    hex_into(&digest, hash);
    struct pen pen = pen_with(a, 128 + scope->region.len + scope->service.len);
    put_str(&pen, S(SIGV4_ALGORITHM "\n"));
    put_str(&pen, scope->amz_date);
    put(&pen, '\n');
    put_str(&pen, str_slice(scope->amz_date, 0, 8));
    put(&pen, '/');
    put_str(&pen, scope->region);
    put(&pen, '/');
    put_str(&pen, scope->service);
    put_str(&pen, S("/aws4_request\n"));
    put_str(&pen, (struct str){ hash, sizeof(hash) });
    return pen_str(&pen);
}

void sigv4_signature(const struct digest *key, struct str string_to_sign, char ret[SIGV4_HEX_SIZE])
{
    struct digest d = hmac_sha256(digest_str(key), string_to_sign);
    hex_into(&d, ret);
}
