/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/protocol.h"

#include <math.h>

#include "base/buf.h"

#include "../test.h"
#include "things.h"

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static const struct wire_call json = { .protocol = PROTOCOL_JSON_1_1, .request_id = S_INIT("r") };
static const struct wire_call query = { .protocol = PROTOCOL_QUERY,
                                        .operation = S_INIT("GetThing"),
                                        .xml_namespace = S_INIT("https://things/"),
                                        .request_id = S_INIT("r") };

static int read_body(const struct wire_call *call, const char *body, struct thing *out,
                     struct str *why)
{
    struct http_request r = { .method = S("POST"), .path = S("/"), .body = str_of(body) };
    return protocol_read(call, &r, &thing_shape, &arena, out, why);
}

static struct str header(const struct http_response *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_ieq(r->headers[i].name, str_of(name)))
            return r->headers[i].value;
    return (struct str){ 0 };
}

static void json_reads_and_answers(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read_body(&json, "{\"Name\":\"n\",\"At\":1.5}", &t, &why), 0);
    struct http_response r = protocol_write(&json, &thing_shape, &t, &arena);
    assert_int_equal(r.status, 200);
    assert_str(r.body, "{\"Name\":\"n\",\"MaxCount\":10,\"On\":true,\"At\":1.5}");
    assert_str(header(&r, "content-type"), "application/x-amz-json-1.1");
    assert_str(header(&r, "x-amzn-requestid"), "r");
}

static void json_takes_no_body_as_no_members(void **state)
{
    (void)state;
    struct nothing nothing;
    struct thing t;
    struct str why;
    struct http_request r = { .method = S("POST"), .path = S("/") };

    assert_int_equal(protocol_read(&json, &r, &shape_nothing, &arena, &nothing, &why), 0);
    assert_int_equal(read_body(&json, " ", &t, &why), SHAPE_INVALID);
    assert_int_equal(read_body(&json, "{", &t, &why), SHAPE_MALFORMED);
    assert_str(protocol_write(&json, &shape_nothing, &nothing, &arena).body, "{}");
}

static void json_errors_have_both_spellings(void **state)
{
    (void)state;
    struct http_response r =
        protocol_error(&json, S("DoesNotExistException"), S("gone"), 400, &arena);
    assert_int_equal(r.status, 400);
    assert_str(r.body,
               "{\"__type\":\"DoesNotExistException\",\"message\":\"gone\",\"Message\":\"gone\"}");
    assert_str(header(&r, "x-amzn-ErrorType"), "DoesNotExistException");

    struct wire_call old = { .protocol = PROTOCOL_JSON_1_0, .target_prefix = "Things_2020" };
    r = protocol_error(&old, S("Oops"), S(""), 500, &arena);
    assert_str(r.body, "{\"__type\":\"Things_2020#Oops\",\"message\":\"\",\"Message\":\"\"}");
    assert_str(header(&r, "Content-Type"), "application/x-amz-json-1.0");
}

static void query_reads_lists_maps_and_structs(void **state)
{
    (void)state;
    struct thing t;
    struct str why = { 0 };

    int result =
        read_body(&query,
                  "Action=GetThing&Version=1&Name=a+b%26&MaxCount=7&On=false&Maybe=TRUE&"
                  "Ratio=0.5&At=2026-11-23T03:40:01.5Z&One.Key=k&One.Values.member.1=x&"
                  "One.Values.member.2=y&Many.member.10.Key=second&Many.member.2.Key=first&"
                  "Tags=&Labels.entry.1.key=l&Labels.entry.1.value=v&"
                  "ByName.entry.1.key=z&ByName.entry.1.value.Key=w&"
                  "Lists.entry.1.key=l&Lists.entry.1.value.member.1=e",
                  &t, &why);
    if (result != 0)
        fail_msg("%.*s", STR(why));
    assert_str(t.name, "a b&");
    assert_int_equal(t.count, 7);
    assert_false(t.on);
    assert_int_equal(t.maybe, TRISTATE_TRUE);
    assert_int_equal(t.at, 1795405201500);
    assert_str(t.one->values.items[1], "y");
    assert_str(LIST_ITEM(struct inner, t.many, 0)->key, "first");
    assert_str(LIST_ITEM(struct inner, t.many, 1)->key, "second");
    assert_non_null(t.tags.items);
    assert_int_equal(t.tags.count, 0);
    assert_str(t.labels.items[0].value, "v");
    assert_str(((struct inner *)t.by_name.items)[0].key, "w");
    assert_str(json_format(&arena, t.lists), "{\"l\":[\"e\"]}");
}

static void query_refuses_what_it_cannot_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Name=n&MaxCount=x",
        "Name=n&On=yes",
        "Name=n&At=tomorrow",
        "Name=n&Name.x=1",
        "Name=n&Tags=x",
        "Name=n&Tags.member.x=1",
        "Name=n&Labels.entry.1.key=k",
        "Name=n&One=x",
        "Name=%zz",
        "Name=%ff",
        "Name=%00",
        "Name=n&Many.member.1=x",
        "Name=n&Ratio=nan",
        "Name=n&a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1",
    };
    struct thing t;
    struct str why;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (read_body(&query, bad[i], &t, &why) != SHAPE_MALFORMED)
            fail_msg("%s is accepted", bad[i]);
    assert_int_equal(read_body(&query, "MaxCount=51", &t, &why), SHAPE_INVALID);
    assert_str(why, "2 validation errors detected: Value null at 'name' failed to satisfy "
                    "constraint: Member must not be null; Value '51' at 'maxCount' failed to "
                    "satisfy constraint: Member must have value less than or equal to 50");
}

static void query_bounds_the_number_of_parameters(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    struct thing t;
    struct str why;

    buf_lit(&b, "Name=n");
    for (int i = 0; i < QUERY_MAX_PARAMETERS - 1; i++)
        buf_fmt(&b, "&Tags.member.%d=i-", i);
    assert_int_equal(read_body(&query, buf_str(&b).p, &t, &why), 0);
    assert_int_equal(t.tags.count, QUERY_MAX_PARAMETERS - 1);
    buf_lit(&b, "&On=");
    assert_int_equal(read_body(&query, buf_str(&b).p, &t, &why), SHAPE_MALFORMED);
}

static void query_answers_in_xml(void **state)
{
    (void)state;
    struct inner many[] = { { .key = S("a<b") }, { .key = S("c") } };
    struct str tags[] = { S("i-1") };
    struct text_pair pairs[] = { { S("k"), S("v") } };
    struct thing t;

    shape_clear(&thing_shape, &t);
    t.name = S("n");
    t.at = 1795405201909;
    t.many = (struct list){ many, 2 };
    t.tags = (struct strs){ tags, 1 };
    t.labels = (struct text_map){ pairs, 1 };
    struct http_response r = protocol_write(&query, &thing_shape, &t, &arena);
    assert_str(header(&r, "content-type"), "text/xml");
    assert_str(r.body,
               "<GetThingResponse xmlns=\"https://things/\"><GetThingResult><Name>n</Name>"
               "<MaxCount>10</MaxCount><On>true</On><At>2026-11-23T03:40:01.909Z</At>"
               "<Many><member><Key>a&lt;b</Key></member><member><Key>c</Key></member></Many>"
               "<Tags><member>i-1</member></Tags>"
               "<Labels><entry><key>k</key><value>v</value></entry></Labels>"
               "</GetThingResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
               "</GetThingResponse>");
    r = protocol_error(&query, S("NoSuchEntity"), S("gone"), 404, &arena);
    assert_str(r.body, "<ErrorResponse xmlns=\"https://things/\"><Error><Type>Sender</Type>"
                       "<Code>NoSuchEntity</Code><Message>gone</Message></Error>"
                       "<RequestId>r</RequestId></ErrorResponse>");
}

static void query_knows_one_version(void **state)
{
    (void)state;
    struct wire_call dated = query;
    struct thing t;
    struct str why;

    dated.version = "2010-05-08";
    assert_int_equal(read_body(&dated, "Name=n&Version=2010-05-08", &t, &why), 0);
    assert_int_equal(read_body(&dated, "Name=n&Version=2009", &t, &why), SHAPE_UNSUPPORTED);
    assert_str(why, "Could not find operation GetThing for version 2009");
}

static void the_action_is_found_in_body_and_query(void **state)
{
    (void)state;
    struct http_request r = { .body = S("Version=1&Action=Get%54hing") };

    assert_str(query_action(&r, &arena), "GetThing");
    r = (struct http_request){ .query = S("Action=X&Action=Y") };
    assert_str(query_action(&r, &arena), "X");
    r = (struct http_request){ .query = S("action=X") };
    assert_false(str_is_set(query_action(&r, &arena)));
}

struct part {
    struct str bucket, key, version, type, etag;
    struct strs ids;
    struct text_map metadata;
    msec changed_at;
    int64_t status, count;
    struct str payload, note;
};

/* clang-format off */
#define PART_PLACES                                                                            \
    STRING(struct part, bucket,  "Bucket",    REQUIRED, .place = PLACE_PATH),                  \
    STRING(struct part, key,     "Key",       OPTIONAL, .place = PLACE_PATH),                  \
    STRING(struct part, version, "VersionId", OPTIONAL, .place = PLACE_QUERY,                  \
           .wire_name = "versionId"),                                                          \
    STRINGS(struct part, ids,    "Ids",       OPTIONAL, .place = PLACE_QUERY, .wire_name = "id"), \
    INTEGER(struct part, count,  "Count",     OPTIONAL, .place = PLACE_QUERY, RANGE(1, 9)),    \
    STRING(struct part, type,    "Type",      OPTIONAL, .place = PLACE_HEADER,                 \
           .wire_name = "Content-Type"),                                                       \
    STRING(struct part, etag,    "ETag",      OPTIONAL, .place = PLACE_HEADER),                \
    TIMESTAMP(struct part, changed_at, "Changed", OPTIONAL, .place = PLACE_HEADER,             \
              .wire_name = "Last-Modified"),                                                   \
    TEXT_MAP(struct part, metadata, "Metadata", OPTIONAL, .place = PLACE_HEADERS,              \
             .wire_name = "x-amz-meta-"),                                                      \
    INTEGER(struct part, status, "Status",    OPTIONAL, .place = PLACE_STATUS)

static const struct field raw_fields[] = {
    PART_PLACES,
    BLOB(struct part, payload, "Payload", OPTIONAL, .place = PLACE_PAYLOAD),
};
static const struct shape raw_shape = SHAPE("Raw", struct part, raw_fields);
static const struct field body_fields[] = {
    PART_PLACES,
    STRING(struct part, note, "Note", OPTIONAL, .wire_name = "note"),
};
static const struct shape body_shape = SHAPE("Part", struct part, body_fields);
/* clang-format on */

static const struct wire_call rest_json = { .protocol = PROTOCOL_REST_JSON,
                                            .request_id = S_INIT("r"),
                                            .path_pattern = "/2020/parts/{Bucket}/at/{Key+}?x",
                                            .success_status = 201 };
static const struct wire_call rest_xml = { .protocol = PROTOCOL_REST_XML,
                                           .request_id = S_INIT("r"),
                                           .xml_namespace = S_INIT("ns"),
                                           .path_pattern = "/{Bucket}/{Key+}" };

static void rest_reads_every_place(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        { S_INIT("content-type"), S_INIT(" text/plain ") },
        { S_INIT("X-Amz-Meta-Colour"), S_INIT("red") },
        { S_INIT("last-modified"), S_INIT("Mon, 23 Nov 2026 16:00:00 GMT") },
    };
    struct http_request r = { .method = S("PUT"),
                              .path = S("/2020/parts/a%3Ab/at/c/d%20e"),
                              .query = S("x&versionId=7&id=1&id=2&Count=3"),
                              .headers = headers,
                              .n_headers = 3,
                              .body = S("\xff raw") };
    struct part p;
    struct str why = { 0 };

    assert_int_equal(protocol_read(&rest_json, &r, &raw_shape, &arena, &p, &why), 0);
    assert_str(p.bucket, "a:b");
    assert_str(p.key, "c/d e");
    assert_str(p.version, "7");
    assert_int_equal(p.ids.count, 2);
    assert_int_equal(p.count, 3);
    assert_str(p.type, "text/plain");
    assert_str(p.metadata.items[0].key, "Colour");
    assert_int_equal(p.changed_at, 1795449600000);
    assert_str(p.payload, "\xff raw");
    r.query = S("Count=x");
    assert_int_equal(protocol_read(&rest_json, &r, &raw_shape, &arena, &p, &why), SHAPE_MALFORMED);
    r.query = S("Count=10");
    assert_int_equal(protocol_read(&rest_json, &r, &raw_shape, &arena, &p, &why), SHAPE_INVALID);
}

static void a_rest_body_cannot_stand_in_for_the_path(void **state)
{
    (void)state;
    struct http_request r = { .method = S("PUT"),
                              .path = S("/2020/parts/a/at/b"),
                              .body = S("{\"note\":\"n\",\"ETag\":\"y\"}") };
    struct part p;
    struct str why;

    assert_int_equal(protocol_read(&rest_json, &r, &body_shape, &arena, &p, &why),
                     SHAPE_UNSUPPORTED);
    assert_str(why, "The parameter ETag is not supported.");
    r.body = S("{\"note\":\"n\"}");
    assert_int_equal(protocol_read(&rest_json, &r, &body_shape, &arena, &p, &why), 0);
    assert_str(p.bucket, "a");
    assert_str(p.note, "n");
}

static void a_parameter_nobody_takes_is_refused(void **state)
{
    (void)state;
    struct http_request r = { .method = S("GET"), .path = S("/b/k") };
    struct part p;
    struct str why;

    r.query = S("x-id=GetPart&X-Amz-Expires=1&versionId=2");
    assert_int_equal(protocol_read(&rest_xml, &r, &raw_shape, &arena, &p, &why), 0);
    r.query = S("acl");
    assert_int_equal(protocol_read(&rest_xml, &r, &raw_shape, &arena, &p, &why), SHAPE_UNSUPPORTED);
    assert_str(why, "The parameter acl is not supported.");
}

static struct part answered(void)
{
    static struct text_pair metadata[] = { { S_INIT("colour"), S_INIT("red") } };
    struct part p;

    shape_clear(&body_shape, &p);
    p.etag = S("\"e\"");
    p.note = S("n&m");
    p.payload = S("\x01\x02");
    p.changed_at = 1795449600000;
    p.metadata = (struct text_map){ metadata, 1 };
    return p;
}

static void rest_json_answers_in_places(void **state)
{
    (void)state;
    struct part p = answered();
    struct http_response r = protocol_write(&rest_json, &body_shape, &p, &arena);

    assert_int_equal(r.status, 201);
    assert_str(r.body, "{\"note\":\"n&m\"}");
    assert_str(header(&r, "ETag"), "\"e\"");
    assert_str(header(&r, "Last-Modified"), "Mon, 23 Nov 2026 16:00:00 GMT");
    assert_str(header(&r, "x-amz-meta-colour"), "red");
    assert_str(header(&r, "Content-Type"), "application/json");
    p.status = 204;
    p.type = S("text/x");
    r = protocol_write(&rest_json, &raw_shape, &p, &arena);
    assert_int_equal(r.status, 204);
    assert_str(r.body, "");
    p.status = 202;
    r = protocol_write(&rest_json, &raw_shape, &p, &arena);
    assert_str(r.body, "\x01\x02");
    assert_str(header(&r, "Content-Type"), "text/x");
    r = protocol_error(&rest_json, S("ResourceNotFoundException"), S("gone"), 404, &arena);
    assert_str(header(&r, "x-amzn-ErrorType"), "ResourceNotFoundException");
    assert_str(r.body, "{\"Type\":\"User\",\"message\":\"gone\",\"Message\":\"gone\"}");
}

static void rest_xml_reads_and_answers(void **state)
{
    (void)state;
    struct part p = answered();
    struct str why;

    struct http_response r = protocol_write(&rest_xml, &body_shape, &p, &arena);
    assert_int_equal(r.status, 200);
    assert_str(r.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<Part xmlns=\"ns\"><note>n&amp;m</note></Part>");
    assert_str(header(&r, "x-amz-request-id"), "r");

    struct http_request q = { .method = S("PUT"), .path = S("/b/k"), .body = r.body };
    assert_int_equal(protocol_read(&rest_xml, &q, &body_shape, &arena, &p, &why), 0);
    assert_str(p.note, "n&m");
    assert_str(p.key, "k");
    q.body = S("<Part>");
    assert_int_equal(protocol_read(&rest_xml, &q, &body_shape, &arena, &p, &why), SHAPE_MALFORMED);
    r = protocol_error(&rest_xml, S("NoSuchKey"), S("gone"), 404, &arena);
    assert_str(r.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>"
                       "<Message>gone</Message><RequestId>r</RequestId></Error>");
}

struct listing {
    struct str region;
    struct list contents;
    struct strs prefixes;
};

/* clang-format off */
static const struct field listing_fields[] = {
    LIST(struct listing,    contents, "Contents", FLATTENED, inner_shape),
    STRINGS(struct listing, prefixes, "Prefixes", FLATTENED, .wire_name = "Prefix"),
};
static const struct shape listing_shape = SHAPE("ListBucketResult", struct listing, listing_fields);
static const struct field location_fields[] = {
    STRING(struct listing, region, "LocationConstraint", OPTIONAL, .wire_name = ""),
};
static const struct shape location_shape =
    SHAPE("LocationConstraint", struct listing, location_fields);
/* clang-format on */

static void flattened_lists_have_no_wrapper(void **state)
{
    (void)state;
    static const char xml[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns="
                              "\"ns\"><Contents><Key>a</Key></Contents><Contents><Key>b</Key>"
                              "</Contents><Prefix>p</Prefix><Prefix>q</Prefix></ListBucketResult>";
    struct http_request q = { .method = S("PUT"), .path = S("/b/k"), .body = str_of(xml) };
    struct listing l;
    struct str why;

    assert_int_equal(protocol_read(&rest_xml, &q, &listing_shape, &arena, &l, &why), 0);
    assert_str(LIST_ITEM(struct inner, l.contents, 1)->key, "b");
    assert_str(protocol_write(&rest_xml, &listing_shape, &l, &arena).body, xml);

    l.region = S("eu-west-1");
    assert_str(protocol_write(&rest_xml, &location_shape, &l, &arena).body,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<LocationConstraint xmlns=\"ns\">eu-west-1</LocationConstraint>");
}

static void paths_match_patterns(void **state)
{
    (void)state;
    assert_true(path_matches("/", S("/")));
    assert_true(path_matches("/2015-03-31/functions/", S("/2015-03-31/functions/")));
    assert_true(path_matches("/f/{Name}/code", S("/f/a%2Fb/code")));
    assert_false(path_matches("/f/{Name}/code", S("/f/a/b/code")));
    assert_false(path_matches("/f/{Name}", S("/f/")));
    assert_false(path_matches("/f/{Name}", S("/f/a/")));
    assert_true(path_matches("/{Bucket}/{Key+}", S("/b/k/l/")));
    assert_false(path_matches("/{Bucket}/{Key+}", S("/b/")));
    assert_true(path_matches("/{Bucket}?location", S("/b")));
    assert_true(route_matches("/{Bucket}?location", S("/b"), S("a&location=")));
    assert_false(route_matches("/{Bucket}?location", S("/b"), S("locations")));
    assert_true(route_matches("/{Bucket}?list-type=2", S("/b"), S("list-type=2")));
    assert_false(route_matches("/{Bucket}?list-type=2", S("/b"), S("list-type=1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(json_reads_and_answers, clean),
        cmocka_unit_test_teardown(json_takes_no_body_as_no_members, clean),
        cmocka_unit_test_teardown(json_errors_have_both_spellings, clean),
        cmocka_unit_test_teardown(query_reads_lists_maps_and_structs, clean),
        cmocka_unit_test_teardown(query_refuses_what_it_cannot_place, clean),
        cmocka_unit_test_teardown(query_bounds_the_number_of_parameters, clean),
        cmocka_unit_test_teardown(query_answers_in_xml, clean),
        cmocka_unit_test_teardown(query_knows_one_version, clean),
        cmocka_unit_test_teardown(the_action_is_found_in_body_and_query, clean),
        cmocka_unit_test_teardown(rest_reads_every_place, clean),
        cmocka_unit_test_teardown(a_rest_body_cannot_stand_in_for_the_path, clean),
        cmocka_unit_test_teardown(a_parameter_nobody_takes_is_refused, clean),
        cmocka_unit_test_teardown(rest_json_answers_in_places, clean),
        cmocka_unit_test_teardown(rest_xml_reads_and_answers, clean),
        cmocka_unit_test_teardown(flattened_lists_have_no_wrapper, clean),
        cmocka_unit_test_teardown(paths_match_patterns, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
