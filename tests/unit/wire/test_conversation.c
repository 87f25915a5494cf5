/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every signed call of a recorded conversation of the SSM agent verifies. The
 * recording is an input, not a part of the tree: PATCHBAY_SPEC names its folder.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/time.h"
#include "wire/sigv4.h"
#include "wire/sigv4_private.h"

#include "../test.h"

#define MAX_KEYS 16

/* What the recording has told so far. */
struct keys {
    struct str public[MAX_KEYS]; /* DER, newest last */
    struct str access_keys[MAX_KEYS], secrets[MAX_KEYS];
    size_t n_public, n_access;
};

static struct arena arena;

static struct http_request request_of(const struct value *call)
{
    const struct value *from = value_get(call, S("headers"));
    struct http_header *headers = arena_array(&arena, struct http_header, value_count(from) + 1);

    for (size_t i = 0; i < value_count(from); i++)
        headers[i] =
            (struct http_header){ from->map.members[i].key, value_str(from->map.members[i].value) };
    return (struct http_request){ .method = value_get_str(call, S("method")),
                                  .path = value_get_str(call, S("path")),
                                  .headers = headers,
                                  .n_headers = value_count(from),
                                  .body = value_get_str(call, S("body")) };
}

static void learn_public_key(struct keys *k, const struct value *body, const char *member)
{
    struct str text = value_get_str(body, str_of(member));

    assert_true(k->n_public < MAX_KEYS);
    assert_true(base64_decode(&arena, text, &k->public[k->n_public]));
    k->n_public++;
}

static void learn(struct keys *k, const struct value *call)
{
    struct str target = value_get_str(call, S("target"));
    const struct value *answer = value_get(call, S("response"));
    struct value *body;

    if (value_get_int(call, S("status"), 0) != 200)
        return;
    if (str_is_set(value_get_str(answer, S("SecretAccessKey")))) {
        assert_true(k->n_access < MAX_KEYS);
        k->access_keys[k->n_access] = value_get_str(answer, S("AccessKeyId"));
        k->secrets[k->n_access++] = value_get_str(answer, S("SecretAccessKey"));
    }
    if (!str_ends(target, S("RegisterManagedInstance")) &&
        !str_ends(target, S("UpdateManagedInstancePublicKey")))
        return;
    assert_int_equal(json_parse(&arena, value_get_str(call, S("body")), &body, NULL), 0);
    learn_public_key(k, body, value_get(body, S("PublicKey")) ? "PublicKey" : "NewPublicKey");
}

/* The recorder lost some chunked bodies. Of those, the hash that the agent
 * sent is what it signed. */
static bool is_lost(const struct http_request *r, const struct sigv4_claim *claim)
{
    return r->body.len == 0 && str_is_set(http_header_get(r, S("Transfer-Encoding"))) &&
           !str_eq(claim->payload_hash, sha256_hex(&arena, S("")));
}

static bool verifies_without_body(const struct http_request *r, const struct sigv4_claim *claim,
                                  struct str key)
{
    struct sigv4_scope scope = { .region = claim->region,
                                 .service = claim->service,
                                 .signed_headers = claim->signed_headers,
                                 .payload_hash = claim->payload_hash,
                                 .amz_date = time_amz(&arena, claim->signed_at) };
    struct str signature;

    return base64_decode(&arena, claim->signature, &signature) &&
           rsa_pss_verify(key, sigv4_string_to_sign(&arena, r, &scope), signature);
}

static bool verify_rsa(const struct keys *k, const struct http_request *r,
                       const struct sigv4_claim *claim)
{
    for (size_t i = 0; i < k->n_public; i++) {
        if (is_lost(r, claim)
                ? verifies_without_body(r, claim, k->public[i])
                : sigv4_verify_rsa(&arena, r, claim, k->public[i], claim -> signed_at) == 0)
            return true;
    }
    return false;
}

static bool verify_hmac(const struct keys *k, const struct http_request *r,
                        const struct sigv4_claim *claim)
{
    for (size_t i = 0; i < k->n_access; i++) {
        if (!str_eq(k->access_keys[i], claim->access_key))
            continue;
        struct digest key = sigv4_key(k->secrets[i], claim->date, claim->region, claim->service);
        return sigv4_verify(&arena, r, claim, &key, claim->signed_at) == 0;
    }
    return false;
}

/* The recording, as a list of calls. */
static FILE *open_recording(void)
{
    const char *folder = getenv("PATCHBAY_SPEC");
    if (!folder)
        return NULL;
    return fopen(arena_fmt(&arena, "%s/agent-conversation.jsonl", folder).p, "r");
}

static struct value *next_call(FILE *f)
{
    char *line = NULL;
    size_t size = 0;
    struct value *call = NULL;

    if (getline(&line, &size, f) > 0)
        assert_int_equal(json_parse(&arena, str_of(line), &call, NULL), 0);
    free(line);
    return call;
}

static void check_call(struct keys *k, const struct value *call, size_t number, size_t counts[2])
{
    struct str signed_with = value_get_str(call, S("signed_with"));
    struct http_request r = request_of(call);
    struct sigv4_claim claim;
    struct str why = { 0 };

    int result = sigv4_read(&arena, &r, &claim, &why);
    if (str_eq(signed_with, S("anon"))) {
        assert_int_equal(result, SIGV4_ABSENT);
    } else {
        assert_int_equal(result, 0);
        assert_int_equal(claim.is_rsa, str_eq(signed_with, S("rsa")));
        if (!(claim.is_rsa ? verify_rsa(k, &r, &claim) : verify_hmac(k, &r, &claim)))
            fail_msg("call %zu (%.*s) does not verify", number, STR(signed_with));
        counts[claim.is_rsa]++;
    }
    learn(k, call);
}

static void every_recorded_signature_verifies(void **state)
{
    (void)state;
    FILE *f = open_recording();
    struct keys keys = { 0 };
    struct value *call;
    size_t counts[2] = { 0 }, number = 0;

    assert_non_null(f);
    while ((call = next_call(f)))
        check_call(&keys, call, number++, counts);
    fclose(f);
    arena_done(&arena);
    print_message("%zu HMAC and %zu RSA signatures\n", counts[0], counts[1]);
    assert_true(counts[0] > 0 && counts[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_signature_verifies),
    };
    FILE *f = open_recording();

    if (!f) {
        print_message("no recording here: PATCHBAY_SPEC names none\n");
        return 0;
    }
    fclose(f);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
