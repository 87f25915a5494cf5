/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/bucket.h"

#include "api/service.h"
#include "base/hex.h"
#include "svc/s3/chunked.h"
#include "svc/s3/errors.h"

/* --- names ---------------------------------------------------------------- */

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool looks_like_an_address(struct str name)
{
    struct str piece;
    int pieces = 0;

    while (str_next(&name, '.', &piece)) {
        if (!str_is_digits(piece) || piece.len > 3)
            return false;
        pieces++;
    }
    return pieces == 4;
}

bool bucket_name_is_valid(struct str name)
{
    if (name.len < 3 || name.len > 63 || !is_letter_or_digit(name.p[0]) ||
        !is_letter_or_digit(name.p[name.len - 1]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter_or_digit(name.p[i]) && name.p[i] != '-' &&
            (name.p[i] != '.' || name.p[i - 1] == '.'))
            return false;
    return !looks_like_an_address(name) && !str_starts(name, S("xn--")) &&
           !str_starts(name, S("sthree-")) && !str_ends(name, S("-s3alias")) &&
           !str_starts(name, S("patchbay-"));
}

struct str bucket_arn(struct op *op, struct str name)
{
    return arena_fmt(op->arena, "arn:aws:s3:::%.*s", STR(name));
}

/* --- what the request asks for besides its members ------------------------ */

static bool is_of_the_signature(struct str name)
{
    static const struct str names[] = {
        S_INIT("x-amz-algorithm"), S_INIT("x-amz-content-sha256"), S_INIT("x-amz-credential"),
        S_INIT("x-amz-date"),      S_INIT("x-amz-expires"),        S_INIT("x-amz-security-token"),
        S_INIT("x-amz-signature"), S_INIT("x-amz-signedheaders"),  S_INIT("x-amz-user-agent"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_ieq(name, names[i]))
            return true;
    return false;
}

/* Standard headers that change what S3 does; of a request with a body, also those that
 * would be kept with the object. */
static bool asks_for_something(struct str name, bool has_body)
{
    static const struct str always[] = {
        S_INIT("if-match"),
        S_INIT("if-none-match"),
        S_INIT("if-modified-since"),
        S_INIT("if-unmodified-since"),
        S_INIT("range"),
    };
    static const struct str with_body[] = {
        S_INIT("cache-control"),    S_INIT("content-disposition"),
        S_INIT("content-encoding"), S_INIT("content-language"),
        S_INIT("expires"),
    };

    if (str_ieq(str_slice(name, 0, 6), S("x-amz-")))
        return !is_of_the_signature(name);
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (str_ieq(name, always[i]))
            return true;
    for (size_t i = 0; has_body && i < ARRAY_LEN(with_body); i++)
        if (str_ieq(name, with_body[i]))
            return true;
    return false;
}

static bool is_in_table(const struct shape *shape, struct str name)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct str wire = str_of(f->wire_name);
        if ((f->place == PLACE_HEADER && str_ieq(name, wire)) ||
            (f->place == PLACE_HEADERS && str_ieq(str_slice(name, 0, wire.len), wire)))
            return true;
    }
    return false;
}

/* What goes with a body in chunks is that body's, and unpacked with it. */
static bool is_of_chunks(const struct op *op, const struct http_header *h)
{
    const struct shape *in = op->operation->in;
    bool has_bytes = false;

    for (size_t i = 0; i < in->count; i++)
        has_bytes =
            has_bytes || (in->fields[i].place == PLACE_PAYLOAD && in->fields[i].type == FIELD_BLOB);
    if (!has_bytes ||
        !str_eq(http_header_get(op->http, S("x-amz-content-sha256")), S(CHUNKED_PAYLOAD)))
        return false;
    return str_ieq(h->name, S("x-amz-trailer")) ||
           str_ieq(h->name, S("x-amz-decoded-content-length")) ||
           (str_ieq(h->name, S("content-encoding")) && str_eq(h->value, S("aws-chunked")));
}

static int refuse(struct op *op, struct str name)
{
    return op_fail(op, OP_UNSUPPORTED,
                   "A header you provided implies functionality that is not implemented: %.*s",
                   STR(str_slice(name, 0, 128)));
}

int request_check_headers(struct op *op)
{
    const struct http_request *r = op->http;
    struct str query, raw, value, name;

    if (!r)
        return 0;
    bool has_body = str_eq(r->method, S("PUT"));
    for (size_t i = 0; i < r->n_headers; i++)
        if (asks_for_something(r->headers[i].name, has_body) &&
            !is_in_table(op->operation->in, r->headers[i].name) &&
            !is_of_chunks(op, &r->headers[i]))
            return refuse(op, r->headers[i].name);
    /* Presigned requests may carry such headers as parameters; they are not read from there. */
    query = r->query;
    while (http_query_next(&query, &raw, &value))
        if (percent_decode(op->arena, raw, true, &name) &&
            str_ieq(str_slice(name, 0, 6), S("x-amz-")) && !is_of_the_signature(name))
            return refuse(op, name);
    return 0;
}

/* --- going in ------------------------------------------------------------------------------------
 */

int bucket_enter(struct op *op, struct str name, struct str expected_owner, struct str action,
                 struct str resource, struct bucket *ret)
{
    PASS(request_check_headers(op));
    int found = bucket_get(op->db, op->arena, name, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, S3_NO_BUCKET, "The specified bucket does not exist");
    TRY(found);
    if (str_is_set(expected_owner) && !str_eq(expected_owner, ret->account))
        return op_fail(op, OP_DENIED, "Access Denied");
    struct auth auth = {
        .action = action, .resource = resource, .owner = ret->account, .service_needs_policy = true
    };
    PASS(op_authorize(op, &auth));
    return 0;
}
