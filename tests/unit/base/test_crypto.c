/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"

#include "../test.h"
#include "base/hex.h"

static void digests_are_the_known_ones(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct digest d = hmac_sha256(S("key"), S("The quick brown fox jumps over the lazy dog"));

    assert_str(sha256_hex(&a, S("")),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_str(hex_encode(&a, digest_str(&d)),
               "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    assert_str(hex_encode(&a, md5(&a, S("abc"))), "900150983cd24fb0d6963f7d28e17f72");
    arena_done(&a);
}

static void a_sealed_box_opens_only_untouched(void **state)
{
    (void)state;
    struct arena a = { 0 };
    uint8_t key[SEAL_KEY_SIZE] = { 1 }, other[SEAL_KEY_SIZE] = { 2 };
    struct str plain, box = seal(&a, key, S("token"), S("secret"));

    assert_true(unseal(&a, key, S("token"), box, &plain));
    assert_str(plain, "secret");
    assert_false(unseal(&a, other, S("token"), box, &plain));
    assert_false(unseal(&a, key, S("else"), box, &plain));
    for (size_t i = 0; i < box.len; i++) {
        struct str bent = arena_dup(&a, box);
        ((char *)(uintptr_t)bent.p)[i] ^= 1;
        assert_false(unseal(&a, key, S("token"), bent, &plain));
    }
    arena_done(&a);
}

static void a_node_proves_itself_with_its_key(void **state)
{
    (void)state;
    struct arena a = { 0 };
    CLEANUP(rsa_key_freep) struct rsa_key *key = NULL;
    CLEANUP(rsa_key_freep) struct rsa_key *again = NULL;

    assert_int_equal(rsa_key_new(&key), 0);
    assert_int_equal(rsa_key_from_der(rsa_key_to_der(&a, key), &again), 0);
    struct str public = rsa_key_public(&a, key);
    struct str signature = rsa_pss_sign(&a, again, S("text"));

    assert_int_equal(base64_encode(&a, public).len, 392);
    assert_true(rsa_pss_verify(public, S("text"), signature));
    assert_false(rsa_pss_verify(public, S("texT"), signature));
    assert_false(rsa_pss_verify(S("junk"), S("text"), signature));
    assert_false(rsa_pss_verify(public, S("text"), S("junk")));
    arena_done(&a);
}

/* As `openssl genpkey -algorithm ED25519` and `openssl pkeyutl -sign -rawin` made them. */
static void an_ed25519_signature_is_verified(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str pem = S("-----BEGIN PUBLIC KEY-----\n"
                       "MCowBQYDK2VwAyEA+JmsJ1whs7bg/1sGg9NPXb+PphExpHtGkXM5olPZPpU=\n"
                       "-----END PUBLIC KEY-----\n");
    struct str other;
    struct str signature;

    assert_true(base64_decode(&a,
                              S("05Hx5ZOBt90qqiwsYZXGyGb306dxY6hWDH9eBpZai33bg7zMA0f7YdMT5GAj"
                                "POcTcCu1rZ9ESfLgFnoVOnusAg=="),
                              &signature));
    assert_int_equal(signature.len, 64);
    assert_true(ed25519_verify(pem, S("text"), signature));
    assert_false(ed25519_verify(pem, S("texT"), signature));
    assert_false(ed25519_verify(pem, S("text"), str_slice(signature, 0, 63)));
    assert_false(ed25519_verify(pem, S("text"), S("")));
    assert_false(ed25519_verify(S(""), S("text"), signature));
    assert_false(ed25519_verify(S("junk"), S("text"), signature));
    other = arena_dup(&a, signature);
    ((char *)(uintptr_t)other.p)[0] ^= 1;
    assert_false(ed25519_verify(pem, S("text"), other));
    arena_done(&a);
}

static void uuids_have_their_form(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str u = random_uuid(&a);

    assert_int_equal(u.len, 36);
    assert_true(u.p[8] == '-' && u.p[14] == '4' && strchr("89ab", u.p[19]));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_the_known_ones),
        cmocka_unit_test(a_sealed_box_opens_only_untouched),
        cmocka_unit_test(a_node_proves_itself_with_its_key),
        cmocka_unit_test(an_ed25519_signature_is_verified),
        cmocka_unit_test(uuids_have_their_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
