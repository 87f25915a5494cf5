/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sigv4.h"

#include "base/hex.h"
#include "base/time.h"
#include "wire/sigv4_private.h"

#include "../test.h"

#define SUITE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3_SECRET    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define EMPTY_HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static msec at(const char *amz)
{
    msec t = 0;

    assert_true(time_parse_amz(str_of(amz), &t));
    return t;
}

/* A request of the published examples, with the signature they print. */
struct example {
    const char *method, *path, *query, *body;
    const char *secret, *credential, *signed_headers, *signature;
    const char *now;
    struct http_header headers[6];
};

static struct http_request request_of(const struct example *e, struct http_header *headers)
{
    struct http_request r = { .method = str_of(e->method),
                              .path = str_of(e->path),
                              .query = str_of(e->query),
                              .body = str_of(e->body ? e->body : ""),
                              .headers = headers };

    while (r.n_headers < ARRAY_LEN(e->headers) && e->headers[r.n_headers].name.p) {
        headers[r.n_headers] = e->headers[r.n_headers];
        r.n_headers++;
    }
    headers[r.n_headers++] = (struct http_header){
        S("Authorization"),
        arena_fmt(&arena, "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=%s",
                  e->credential, e->signed_headers, e->signature)
    };
    return r;
}

static int verify(const struct http_request *r, const char *secret, msec now)
{
    struct sigv4_claim claim;
    struct str why;

    int result = sigv4_read(&arena, r, &claim, &why);
    if (result != 0)
        return result;
    struct digest key = sigv4_key(str_of(secret), claim.date, claim.region, claim.service);
    return sigv4_verify(&arena, r, &claim, &key, now);
}

#define SUITE_CREDENTIAL "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
#define S3_CREDENTIAL    "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
#define SUITE_HOST                                                                                 \
    {                                                                                              \
        S_INIT("Host"), S_INIT("example.amazonaws.com")                                            \
    }
#define SUITE_DATE                                                                                 \
    {                                                                                              \
        S_INIT("X-Amz-Date"), S_INIT("20150830T123600Z")                                           \
    }
#define S3_HOST                                                                                    \
    {                                                                                              \
        S_INIT("Host"), S_INIT("examplebucket.s3.amazonaws.com")                                   \
    }
#define S3_DATE                                                                                    \
    {                                                                                              \
        S_INIT("x-amz-date"), S_INIT("20130524T000000Z")                                           \
    }
#define S3_EMPTY                                                                                   \
    {                                                                                              \
        S_INIT("x-amz-content-sha256"), S_INIT(EMPTY_HASH)                                         \
    }
#define SUITE(QUERY)                                                                               \
    .path = "/", .query = QUERY, .secret = SUITE_SECRET, .credential = SUITE_CREDENTIAL,           \
    .now = "20150830T123600Z", .signed_headers = "host;x-amz-date"

/* clang-format off */
static const struct example examples[] = {
    { .method = "GET", .path = "/", .query = "Action=ListUsers&Version=2010-05-08",
      .secret = SUITE_SECRET, .credential = "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request",
      .signed_headers = "content-type;host;x-amz-date", .now = "20150830T123600Z",
      .signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
      .headers = { { S_INIT("Host"), S_INIT("iam.amazonaws.com") }, SUITE_DATE,
                   { S_INIT("Content-Type"),
                     S_INIT("application/x-www-form-urlencoded; charset=utf-8") } } },
    { .method = "GET", SUITE(NULL), .headers = { SUITE_HOST, SUITE_DATE },
      .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { .method = "POST", SUITE(NULL), .headers = { SUITE_HOST, SUITE_DATE },
      .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
    { .method = "GET", SUITE("Param2=value2&Param1=value1"), .headers = { SUITE_HOST, SUITE_DATE },
      .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
    { .method = "GET", .path = "/test.txt", .secret = S3_SECRET, .credential = S3_CREDENTIAL,
      .signed_headers = "host;range;x-amz-content-sha256;x-amz-date", .now = "20130524T000000Z",
      .signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
      .headers = { S3_HOST, S3_DATE, S3_EMPTY, { S_INIT("Range"), S_INIT("bytes=0-9") } } },
    { .method = "PUT", .path = "/test$file.text", .secret = S3_SECRET, .credential = S3_CREDENTIAL,
      .body = "Welcome to Amazon S3.", .now = "20130524T000000Z",
      .signed_headers = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      .signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      .headers = { S3_HOST, S3_DATE, { S_INIT("Date"), S_INIT("Fri, 24 May 2013 00:00:00 GMT") },
                   { S_INIT("x-amz-storage-class"), S_INIT("REDUCED_REDUNDANCY") },
                   { S_INIT("x-amz-content-sha256"),
                     S_INIT("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072") } } },
    { .method = "GET", .path = "/", .query = "lifecycle", .secret = S3_SECRET,
      .credential = S3_CREDENTIAL, .signed_headers = "host;x-amz-content-sha256;x-amz-date",
      .now = "20130524T000000Z", .headers = { S3_HOST, S3_DATE, S3_EMPTY },
      .signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
    { .method = "GET", .path = "/", .query = "max-keys=2&prefix=J", .secret = S3_SECRET,
      .credential = S3_CREDENTIAL, .signed_headers = "host;x-amz-content-sha256;x-amz-date",
      .now = "20130524T000000Z", .headers = { S3_HOST, S3_DATE, S3_EMPTY },
      .signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};
/* clang-format on */

static void the_published_examples_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct http_header headers[8];
        struct http_request r = request_of(&examples[i], headers);
        int result = verify(&r, examples[i].secret, at(examples[i].now));
        if (result != 0)
            fail_msg("example %zu: %d", i, result);
    }
}

static void any_change_is_a_mismatch(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct http_header headers[8];
        msec now = at(examples[i].now);
        struct http_request r = request_of(&examples[i], headers), good = r;

        assert_int_equal(verify(&r, "another secret", now), SIGV4_MISMATCH);
        r.body = S("x");
        assert_int_equal(verify(&r, examples[i].secret, now), SIGV4_MISMATCH);
        r = good;
        r.method = S("DELETE");
        assert_int_equal(verify(&r, examples[i].secret, now), SIGV4_MISMATCH);
        r = good;
        r.path = S("/other");
        assert_int_equal(verify(&r, examples[i].secret, now), SIGV4_MISMATCH);
        r = good;
        r.query = S("more=1");
        assert_int_equal(verify(&r, examples[i].secret, now), SIGV4_MISMATCH);
        r = good;
        headers[0].value = S("elsewhere");
        assert_int_equal(verify(&r, examples[i].secret, now), SIGV4_MISMATCH);
    }
}

static void the_key_is_derived_as_published(void **state)
{
    (void)state;
    struct digest key = sigv4_key(S(SUITE_SECRET), S("20150830"), S("us-east-1"), S("iam"));
    assert_str(hex_encode(&arena, digest_str(&key)),
               "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

static void an_old_or_early_request_is_skewed(void **state)
{
    (void)state;
    struct http_header headers[8];
    struct http_request r = request_of(&examples[1], headers);
    msec then = at(examples[1].now);

    assert_int_equal(verify(&r, SUITE_SECRET, then + SIGV4_SKEW), 0);
    assert_int_equal(verify(&r, SUITE_SECRET, then + SIGV4_SKEW + 1), SIGV4_SKEWED);
    assert_int_equal(verify(&r, SUITE_SECRET, then - SIGV4_SKEW), 0);
    assert_int_equal(verify(&r, SUITE_SECRET, then - SIGV4_SKEW - 1), SIGV4_SKEWED);
}

static struct str canonical(const char *path, const char *query, const char *service,
                            const struct http_header *headers, size_t n, const char *names)
{
    struct http_request r = { .method = S("GET"),
                              .path = str_of(path),
                              .query = str_of(query),
                              .headers = headers,
                              .n_headers = n };
    struct sigv4_scope scope = { .service = str_of(service),
                                 .payload_hash = S("HASH"),
                                 .signed_headers = str_of(names) };
    return sigv4_canonical_request(&arena, &r, &scope);
}

static void assert_path(const char *path, const char *service, const char *expected)
{
    static const struct http_header host[] = { { S_INIT("Host"), S_INIT("h") } };
    struct str got = canonical(path, NULL, service, host, 1, "host"), line;

    assert_true(str_next(&got, '\n', &line));
    assert_true(str_next(&got, '\n', &line));
    assert_str(line, expected);
}

static void paths_are_normal_except_for_s3(void **state)
{
    (void)state;
    assert_path("", "ssm", "/");
    assert_path("/", "ssm", "/");
    assert_path("//", "ssm", "/");
    assert_path("/./foo", "ssm", "/foo");
    assert_path("/foo/bar/../..", "ssm", "/");
    assert_path("/foo/..", "ssm", "/");
    assert_path("/../../foo/", "ssm", "/foo/");
    assert_path("//foo//", "ssm", "/foo/");
    assert_path("/a%20b/arn%3Aaws", "lambda", "/a%2520b/arn%253Aaws");
    assert_path("/example space/", "lambda", "/example%20space/");
    assert_path("", "s3", "/");
    assert_path("//a/./b/../c", "s3", "//a/./b/../c");
    assert_path("/a%20b%2Fc:d$e~f", "s3", "/a%20b%2Fc%3Ad%24e~f");
    assert_path("/100%", "s3", "/100%25");
}

static void queries_are_sorted_and_encoded_once(void **state)
{
    (void)state;
    assert_str(sigv4_canonical_query(&arena, S("b=2&a=1"), false), "a=1&b=2");
    assert_str(sigv4_canonical_query(&arena, S("a=2&a=1&A=3"), false), "A=3&a=1&a=2");
    assert_str(sigv4_canonical_query(&arena, S("a=x%2fy&b=p+q&c=%zz&acl"), false),
               "a=x%2Fy&acl=&b=p%20q&c=%25zz");
    assert_str(sigv4_canonical_query(&arena, S("X-Amz-Signature=1&a=2"), true), "a=2");
    assert_str(sigv4_canonical_query(&arena, S("a%2Db=1&a-c=2"), false), "a-b=1&a-c=2");
    assert_str(sigv4_canonical_query(&arena, S("a=b=c&&"), false), "a=b%3Dc");
}

static void header_values_are_trimmed_and_joined(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        { S_INIT("Host"), S_INIT("h") },
        { S_INIT("My-Header1"), S_INIT("  value1 ") },
        { S_INIT("X-Other"), S_INIT("x") },
        { S_INIT("my-header1"), S_INIT("\"a  \t b\"  c") },
    };
    assert_str(canonical("/", NULL, "ssm", headers, 4, "host;my-header1"),
               "GET\n/\n\nhost:h\nmy-header1:value1,\"a b\" c\n\nhost;my-header1\nHASH");
    assert_false(str_is_set(canonical("/", NULL, "ssm", headers, 4, "my-header1;host")));
    assert_false(str_is_set(canonical("/", NULL, "ssm", headers, 4, "host;host")));
    assert_false(str_is_set(canonical("/", NULL, "ssm", headers, 4, "host;missing")));
}

static void assert_incomplete(const char *authorization, const char *date, const char *why)
{
    struct http_header headers[] = { { S("Host"), S("h") },
                                     { S("Authorization"), str_of(authorization) },
                                     { S("X-Amz-Date"), str_of(date) } };
    struct http_request r = {
        .method = S("GET"), .path = S("/"), .headers = headers, .n_headers = date ? 3 : 2
    };
    struct sigv4_claim claim;
    struct str got = { 0 };

    assert_int_equal(sigv4_read(&arena, &r, &claim, &got), SIGV4_INCOMPLETE);
    assert_str(got, why);
}

#define NOW "20150830T123600Z"

static void what_is_missing_is_named(void **state)
{
    (void)state;
    assert_incomplete("Bearer x", NOW, "Authorization must be of the type AWS4-HMAC-SHA256.");
    assert_incomplete("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host", NULL,
                      "Authorization header requires 'Signature' parameter. Authorization header "
                      "requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    assert_incomplete("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=1", NOW,
                      "Credential must have exactly 5 slash-delimited elements, e.g. "
                      "keyid/date/region/service/term, got 'a/b'");
    assert_incomplete("AWS4-HMAC-SHA256 Credential=a/b/c/d/x, SignedHeaders=host, Signature=1", NOW,
                      "Credential should be scoped with a valid terminator: 'aws4_request', not "
                      "'x'.");
}

static void an_unsigned_request_is_absent(void **state)
{
    (void)state;
    struct http_request r = { .method = S("GET"), .path = S("/"), .query = S("a=b") };
    struct sigv4_claim claim;
    struct str why;

    assert_int_equal(sigv4_read(&arena, &r, &claim, &why), SIGV4_ABSENT);
}

/* Sign with ours, with one more header that was not there when it was signed. */
static int verify_with(const char *name, const char *value, const char *service)
{
    struct sigv4_credentials keys = { S("AKID"), S("secret"), S("token") };
    struct http_header headers[8] = { { S("Host"), S("localhost:8080") } };
    struct http_request r = { .method = S("POST"),
                              .path = S("/a b"),
                              .query = S("x=1"),
                              .headers = headers,
                              .n_headers = 1,
                              .body = S("{}") };
    msec now = at(NOW);
    size_t n;

    struct http_header *added =
        sigv4_sign(&arena, &r, &keys, S("us-east-1"), str_of(service), now, &n);
    memcpy(headers + 1, added, n * sizeof(*added));
    r.n_headers += n;
    if (name)
        headers[r.n_headers++] = (struct http_header){ str_of(name), str_of(value) };
    return verify(&r, "secret", now);
}

static void what_we_sign_we_verify(void **state)
{
    (void)state;
    assert_int_equal(verify_with(NULL, NULL, "ssm"), 0);
    assert_int_equal(verify_with(NULL, NULL, "s3"), 0);
    assert_int_equal(verify_with("Via", "proxy", "ssm"), 0);
}

static void an_added_amz_header_is_a_mismatch(void **state)
{
    (void)state;
    assert_int_equal(verify_with("X-Amz-Target", "AmazonSSM.DeleteDocument", "ssm"),
                     SIGV4_MISMATCH);
    assert_int_equal(verify_with("x-amz-acl", "public-read", "s3"), SIGV4_MISMATCH);
}

static void the_payload_hash_must_be_the_bodys(void **state)
{
    (void)state;
    assert_int_equal(verify_with("X-Amz-Content-Sha256", EMPTY_HASH, "ssm"), SIGV4_MISMATCH);
    assert_int_equal(verify_with("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", "ssm"),
                     SIGV4_INCOMPLETE);
    assert_int_equal(
        verify_with("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "ssm"),
        SIGV4_INCOMPLETE);
}

static void an_unsigned_payload_is_for_s3(void **state)
{
    (void)state;
    struct sigv4_credentials keys = { S("AKID"), S("secret"), { 0 } };
    struct http_header headers[8] = { { S("Host"), S("b.s3.localhost") },
                                      { S("x-amz-content-sha256"), S("UNSIGNED-PAYLOAD") } };
    struct http_request r = { .method = S("PUT"),
                              .path = S("/k"),
                              .headers = headers,
                              .n_headers = 2,
                              .body = S("anything") };
    size_t n;

    struct http_header *added = sigv4_sign(&arena, &r, &keys, S("us-east-1"), S("s3"), at(NOW), &n);
    memcpy(headers + 2, added, n * sizeof(*added));
    r.n_headers += n;
    assert_int_equal(verify(&r, "secret", at(NOW)), 0);
    r.body = S("something else");
    assert_int_equal(verify(&r, "secret", at(NOW)), 0);
}

static void a_presigned_url_is_as_published_and_expires(void **state)
{
    (void)state;
    struct sigv4_credentials keys = { S("AKIAIOSFODNN7EXAMPLE"), S(S3_SECRET), { 0 } };
    struct http_header host[] = { { S("Host"), S("examplebucket.s3.amazonaws.com") } };
    msec now = at("20130524T000000Z");
    struct http_request r = {
        .method = S("GET"), .path = S("/test.txt"), .headers = host, .n_headers = 1
    };

    r.query = sigv4_presign(&arena, r.method, host[0].value, r.path, (struct str){ 0 }, &keys,
                            S("us-east-1"), S("s3"), now, 86400 * MSEC_SECOND);
    assert_true(str_ends(r.query, S("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c26"
                                    "5957d157751f604d404")));
    assert_int_equal(verify(&r, S3_SECRET, now + MSEC_DAY), 0);
    assert_int_equal(verify(&r, S3_SECRET, now + MSEC_DAY + 1), SIGV4_EXPIRED);
    assert_int_equal(verify(&r, S3_SECRET, now - MSEC_HOUR), SIGV4_SKEWED);
    r.method = S("PUT");
    assert_int_equal(verify(&r, S3_SECRET, now), SIGV4_MISMATCH);
}

static void a_node_signs_with_its_key(void **state)
{
    (void)state;
    CLEANUP(rsa_key_freep) struct rsa_key *key = NULL;
    struct http_header headers[8] = { { S("Host"), S("127.0.0.1:8080") },
                                      { S("X-Amz-Target"), S("AmazonSSM.X") } };
    struct http_request r = {
        .method = S("POST"), .path = S("/"), .headers = headers, .n_headers = 2, .body = S("{}")
    };
    struct sigv4_claim claim;
    struct str why;
    size_t n;

    assert_int_equal(rsa_key_new(&key), 0);
    struct http_header *added = sigv4_sign_rsa(&arena, &r, S("mi-0123456789abcdef0"), key,
                                               S("us-east-1"), S("ssm"), at(NOW), &n);
    memcpy(headers + 2, added, n * sizeof(*added));
    r.n_headers += n;
    struct str public = rsa_key_public(&arena, key);
    assert_int_equal(sigv4_read(&arena, &r, &claim, &why), 0);
    assert_true(claim.is_rsa);
    assert_str(claim.access_key, "mi-0123456789abcdef0");
    assert_int_equal(sigv4_verify_rsa(&arena, &r, &claim, public, at(NOW)), 0);
    assert_int_equal(sigv4_verify(&arena, &r, &claim, &(struct digest){ 0 }, at(NOW)),
                     SIGV4_MISMATCH);
    r.body = S("{ }");
    assert_int_equal(sigv4_verify_rsa(&arena, &r, &claim, public, at(NOW)), SIGV4_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_published_examples_verify, clean),
        cmocka_unit_test_teardown(any_change_is_a_mismatch, clean),
        cmocka_unit_test_teardown(the_key_is_derived_as_published, clean),
        cmocka_unit_test_teardown(an_old_or_early_request_is_skewed, clean),
        cmocka_unit_test_teardown(paths_are_normal_except_for_s3, clean),
        cmocka_unit_test_teardown(queries_are_sorted_and_encoded_once, clean),
        cmocka_unit_test_teardown(header_values_are_trimmed_and_joined, clean),
        cmocka_unit_test_teardown(what_is_missing_is_named, clean),
        cmocka_unit_test_teardown(an_unsigned_request_is_absent, clean),
        cmocka_unit_test_teardown(what_we_sign_we_verify, clean),
        cmocka_unit_test_teardown(an_added_amz_header_is_a_mismatch, clean),
        cmocka_unit_test_teardown(the_payload_hash_must_be_the_bodys, clean),
        cmocka_unit_test_teardown(an_unsigned_payload_is_for_s3, clean),
        cmocka_unit_test_teardown(a_presigned_url_is_as_published_and_expires, clean),
        cmocka_unit_test_teardown(a_node_signs_with_its_key, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
