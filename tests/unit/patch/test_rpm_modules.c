/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/modules.h"

#include "../test.h"

#define PLATFORM S("platform:el9")

struct fixture {
    struct arena a;
    struct modules m;
    struct str why;
};

/* A stream with one package of its own, which needs a stream of a module (NULL: nothing). */
static void add(struct fixture *f, const char *module, const char *stream, uint64_t version,
                const char *needed, const char *needed_stream)
{
    struct str *artifact = arena_new(&f->a, struct str), *name = arena_new(&f->a, struct str);
    struct module_need *need = arena_new(&f->a, struct module_need);
    struct module_needs *needs = arena_new(&f->a, struct module_needs);

    *artifact = arena_fmt(&f->a, "%s-lib-0:%s-%d.noarch", module, stream, (int)version);
    *name = str_of(needed_stream);
    *need = (struct module_need){ str_of(needed), { name, needed_stream ? 1 : 0 } };
    *needs = (struct module_needs){ need, needed ? 1 : 0 };
    modules_add_stream(&f->a, &f->m,
                       &(struct module_stream){ .module = str_of(module),
                                                .stream = str_of(stream),
                                                .context = S("c"),
                                                .version = version,
                                                .needs = needs,
                                                .n_needs = 1,
                                                .artifacts = { artifact, 1 } });
}

static void enable(struct fixture *f, const char *module, const char *stream, const char *state)
{
    modules_add_state(&f->a, &f->m,
                      arena_fmt(&f->a, "[%s]\nname=%s\nstream=%s\nprofiles=\nstate=%s\n", module,
                                module, stream, state));
}

static int resolve(struct fixture *f)
{
    return modules_resolve(&f->a, &f->m, PLATFORM, &f->why);
}

static bool is_active(const struct fixture *f, const char *module, const char *stream)
{
    return modules_is_active(&f->m, str_of(module), str_of(stream));
}

static void only_chosen_streams_are_active(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    add(&f, "nodejs", "18", 1, NULL, NULL);
    add(&f, "nodejs", "20", 1, NULL, NULL);
    add(&f, "perl", "5", 1, NULL, NULL);
    add(&f, "ruby", "3", 1, NULL, NULL);
    add(&f, "php", "8", 1, NULL, NULL);
    enable(&f, "nodejs", "18", "enabled");
    enable(&f, "ruby", "", "disabled");
    modules_add_default(&f.a, &f.m, S("nodejs"), S("20"));
    modules_add_default(&f.a, &f.m, S("perl"), S("5"));
    modules_add_default(&f.a, &f.m, S("ruby"), S("3"));
    assert_int_equal(resolve(&f), 0);
    assert_true(is_active(&f, "nodejs", "18"));
    assert_false(is_active(&f, "nodejs", "20"));
    assert_true(is_active(&f, "perl", "5"));
    assert_false(is_active(&f, "ruby", "3"));
    assert_false(is_active(&f, "php", "8"));
    assert_int_equal(f.m.names.count, 2);
    assert_str(f.m.names.items[0], "nodejs-lib");
    assert_str(f.m.names.items[1], "perl-lib");
    arena_done(&f.a);
}

static void of_an_active_stream_the_newest_version_counts(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    add(&f, "nodejs", "18", 2, "platform", "el9");
    add(&f, "nodejs", "18", 3, "platform", "el8");
    add(&f, "nodejs", "18", 1, "platform", "el9");
    enable(&f, "nodejs", "18", "enabled");
    assert_int_equal(resolve(&f), 0);
    assert_true(f.m.streams[0].active);
    assert_false(f.m.streams[1].active); /* for another platform */
    assert_false(f.m.streams[2].active);
    arena_done(&f.a);
}

static void a_default_whose_needs_are_not_met_is_none(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    add(&f, "top", "1", 1, "middle", "1");
    add(&f, "middle", "1", 1, "base", "2");
    add(&f, "base", "1", 1, NULL, NULL);
    add(&f, "any", "1", 1, "base", NULL);
    add(&f, "but", "1", 1, "base", "-1");
    modules_add_default(&f.a, &f.m, S("top"), S("1"));
    modules_add_default(&f.a, &f.m, S("middle"), S("1"));
    modules_add_default(&f.a, &f.m, S("base"), S("1"));
    modules_add_default(&f.a, &f.m, S("any"), S("1"));
    modules_add_default(&f.a, &f.m, S("but"), S("1"));
    assert_int_equal(resolve(&f), 0);
    assert_true(is_active(&f, "base", "1"));
    assert_true(is_active(&f, "any", "1"));
    assert_false(is_active(&f, "middle", "1"));
    assert_false(is_active(&f, "top", "1"));
    assert_false(is_active(&f, "but", "1"));
    arena_done(&f.a);
}

static void an_enabled_stream_that_cannot_be_active_is_told(void **state)
{
    (void)state;
    struct fixture f = { 0 };

    add(&f, "nodejs", "18", 1, "platform", "el8");
    enable(&f, "nodejs", "18", "enabled");
    assert_int_equal(resolve(&f), MODULES_UNRESOLVED);
    assert_str(f.why, "the module nodejs:18 is enabled, but what it needs is not");
    enable(&f, "nodejs", "20", "enabled");
    assert_int_equal(resolve(&f), MODULES_UNRESOLVED);
    assert_str(f.why, "the module nodejs:20 is enabled, but no repository has it");
    arena_done(&f.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_chosen_streams_are_active),
        cmocka_unit_test(of_an_active_stream_the_newest_version_counts),
        cmocka_unit_test(a_default_whose_needs_are_not_met_is_none),
        cmocka_unit_test(an_enabled_stream_that_cannot_be_active_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
