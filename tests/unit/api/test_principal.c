/* SPDX-License-Identifier: Apache-2.0 */
#include "api/principal.h"
#include "base/json.h"

#include "../test.h"

static void assert_same(const struct principal *x, const struct principal *y)
{
    assert_int_equal(x->kind, y->kind);
    assert_true(str_eq(x->account, y->account));
    assert_true(str_eq(x->arn, y->arn));
    assert_true(str_eq(x->id, y->id));
    assert_true(str_eq(x->name, y->name));
    assert_true(str_eq(x->session, y->session));
    assert_true(str_eq(x->policy, y->policy));
    assert_int_equal(str_is_set(x->policy), str_is_set(y->policy));
    assert_int_equal(x->chained, y->chained);
}

static void a_principal_comes_back_as_it_was_kept(void **state)
{
    (void)state;
    struct arena a = { 0 };

    for (int kind = PRINCIPAL_ANONYMOUS; kind <= PRINCIPAL_NODE; kind++) {
        struct principal got, p = {
            .kind = (enum principal_kind)kind,
            .account = S("111122223333"),
            .arn = S("arn:aws:sts::111122223333:assumed-role/R/s"),
            .id = S("AROAXXXXXXXXXXXXXXXXX:s"),
            .name = S("R \"with\" \n quotes"),
            .session = S("s"),
            .policy = kind == PRINCIPAL_ROLE ? S("{\"Statement\":[]}") : (struct str){ 0 },
            .chained = kind == PRINCIPAL_ROLE,
        };
        struct value *v;
        struct str text = json_format(&a, principal_to_value(&p, &a));
        assert_int_equal(json_parse(&a, text, &v, NULL), 0);
        assert_true(principal_from_value(v, &a, &got));
        assert_same(&p, &got);
        struct principal copy = principal_copy(&a, &p);
        assert_same(&p, &copy);
    }
    arena_done(&a);
}

static void an_unknown_kind_is_nobody(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct principal got;
    struct value *v = value_map(&a);

    assert_false(principal_from_value(NULL, &a, &got));
    assert_false(principal_from_value(v, &a, &got));
    value_set_str(&a, v, S("kind"), S("root")); /* case matters */
    assert_false(principal_from_value(v, &a, &got));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_principal_comes_back_as_it_was_kept),
        cmocka_unit_test(an_unknown_kind_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
