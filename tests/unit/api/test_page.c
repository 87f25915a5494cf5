/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ports.h"
#include "api/service.h"
#include "base/hex.h"

#include "../test.h"

struct listing {
    struct arena a;
    struct plane plane;
    struct service service;
    struct operation operation;
    struct op op;
};

static void init(struct listing *l)
{
    *l = (struct listing){ .service = { .name = "ssm" }, .operation = { .name = "ListDocuments" } };
    memset(l->plane.master_key, 7, sizeof(l->plane.master_key));
    l->op = (struct op){ .arena = &l->a,
                         .plane = &l->plane,
                         .service = &l->service,
                         .operation = &l->operation,
                         .account = S("111122223333") };
}

static void a_token_leads_to_its_position(void **state)
{
    (void)state;
    struct listing l;
    struct str position;

    init(&l);
    struct str token = page_token(&l.op, S("after/this"));
    assert_int_equal(page_open(&l.op, token, &position), 0);
    assert_str(position, "after/this");
    assert_false(str_contains(token, S("after")));

    assert_false(str_is_set(page_token(&l.op, (struct str){ 0 })));
    assert_int_equal(page_open(&l.op, (struct str){ 0 }, &position), 0);
    assert_false(str_is_set(position));
    arena_done(&l.a);
}

static void a_token_cannot_be_carried_elsewhere(void **state)
{
    (void)state;
    struct listing l;
    struct str position;

    init(&l);
    struct str token = page_token(&l.op, S("x"));
    l.op.account = S("444455556666");
    assert_int_equal(page_open(&l.op, token, &position), OP_INVALID);
    l.op.account = S("111122223333");
    l.operation.name = "ListCommands";
    assert_int_equal(page_open(&l.op, token, &position), OP_INVALID);
    l.operation.name = "ListDocuments";
    l.service.name = "iam";
    assert_int_equal(page_open(&l.op, token, &position), OP_INVALID);
    l.service.name = "ssm";
    l.plane.master_key[0] ^= 1;
    assert_int_equal(page_open(&l.op, token, &position), OP_INVALID);
    l.plane.master_key[0] ^= 1;
    assert_int_equal(page_open(&l.op, token, &position), 0);
    arena_done(&l.a);
}

static void a_token_cannot_be_forged(void **state)
{
    (void)state;
    struct listing l;
    struct str position, box;

    init(&l);
    struct str token = page_token(&l.op, S("x"));
    assert_true(base64_decode(&l.a, token, &box));
    for (size_t i = 0; i < box.len; i++) {
        char *changed = arena_copy(&l.a, box.p, box.len);
        changed[i] ^= 1;
        struct str forged = base64_encode(&l.a, (struct str){ changed, box.len });
        assert_int_equal(page_open(&l.op, forged, &position), OP_INVALID);
        assert_false(str_is_set(position));
    }
    static const char *const nonsense[] = { "x", "====", "AAAA", "not base64!", "MQ==" };
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_int_equal(page_open(&l.op, str_of(nonsense[i]), &position), OP_INVALID);
    arena_done(&l.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_leads_to_its_position),
        cmocka_unit_test(a_token_cannot_be_carried_elsewhere),
        cmocka_unit_test(a_token_cannot_be_forged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
