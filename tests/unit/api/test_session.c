/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ports.h"
#include "base/hex.h"

#include "../test.h"

#define NOW 1000000

static const struct principal role = {
    .kind = PRINCIPAL_ROLE,
    .account = S_INIT("111122223333"),
    .arn = S_INIT("arn:aws:sts::111122223333:assumed-role/R/s"),
    .id = S_INIT("AROAX:s"),
    .name = S_INIT("R"),
    .session = S_INIT("s"),
    .policy = S_INIT("{}"),
    .chained = true,
};

static void a_session_is_known_until_it_ends(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct plane plane = { .master_key = { 1 } };
    struct principal who;
    struct str secret;

    struct session s = session_issue(&plane, &a, &role, NOW, NOW + 1000);
    assert_true(str_starts(s.access_key, S("ASIA")) && s.access_key.len == 20);
    assert_false(str_contains(s.token, S("assumed-role")));
    assert_int_equal(session_open(&plane, &a, s.access_key, s.token, NOW + 999, &who, &secret), 0);
    assert_str(who.name, "R");
    assert_str(who.policy, "{}");
    assert_true(who.chained);
    assert_true(str_eq(secret, s.secret));
    assert_int_equal(session_open(&plane, &a, s.access_key, s.token, NOW + 1000, &who, &secret),
                     SESSION_EXPIRED);
    arena_done(&a);
}

static void a_token_belongs_to_its_key_and_plane(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct plane plane = { .master_key = { 1 } }, other = { .master_key = { 2 } };
    struct principal who;
    struct str secret;

    struct session s = session_issue(&plane, &a, &role, NOW, NOW + 1000);
    struct session t = session_issue(&plane, &a, &role, NOW, NOW + 1000);
    assert_false(str_eq(s.access_key, t.access_key));
    assert_false(str_eq(s.secret, t.secret));
    assert_int_equal(session_open(&plane, &a, t.access_key, s.token, NOW, &who, &secret),
                     SESSION_UNKNOWN);
    assert_int_equal(session_open(&other, &a, s.access_key, s.token, NOW, &who, &secret),
                     SESSION_UNKNOWN);
    arena_done(&a);
}

static void a_changed_token_is_unknown(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct plane plane = { .master_key = { 1 } };
    struct principal who;
    struct str secret, box;

    struct session s = session_issue(&plane, &a, &role, NOW, NOW + 1000);
    assert_true(base64_decode(&a, s.token, &box));
    for (size_t i = 0; i < box.len; i += 5) {
        char *bytes = arena_copy(&a, box.p, box.len);
        bytes[i] ^= 0x20;
        struct str forged = base64_encode(&a, (struct str){ bytes, box.len });
        assert_int_equal(session_open(&plane, &a, s.access_key, forged, NOW, &who, &secret),
                         SESSION_UNKNOWN);
    }
    char *large = arena_alloc(&a, 20000);
    memset(large, 'A', 20000);
    assert_int_equal(
        session_open(&plane, &a, s.access_key, (struct str){ large, 20000 }, NOW, &who, &secret),
        SESSION_UNKNOWN);
    assert_int_equal(session_open(&plane, &a, s.access_key, S(""), NOW, &who, &secret),
                     SESSION_UNKNOWN);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_known_until_it_ends),
        cmocka_unit_test(a_token_belongs_to_its_key_and_plane),
        cmocka_unit_test(a_changed_token_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
