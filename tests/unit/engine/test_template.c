/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/json.h"

#include "engine/template.h"

#include "data.h"

static struct template_place place_of(struct arena *a)
{
    struct str *topic = arena_new(a, struct str);

    *topic = S("arn:topic");
    return (struct template_place){
        .account = S("111122223333"),
        .region = S("eu-west-1"),
        .partition = S("aws"),
        .url_suffix = S("amazonaws.com"),
        .stack_id = S("arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1"),
        .stack_name = S("s"),
        .notification_arns = { topic, 1 },
    };
}

/* Resources answer Ref with "<id in lower case>-1" and know the attribute Arn only. */
static const struct value *look_up(void *context, struct str id, struct str attribute)
{
    struct arena *a = context;
    char *name = arena_alloc(a, id.len + 1);

    for (size_t i = 0; i < id.len; i++)
        name[i] = (char)(id.p[i] >= 'A' && id.p[i] <= 'Z' ? id.p[i] + 32 : id.p[i]);
    if (!str_is_set(attribute))
        return value_string(a, arena_fmt(a, "%s-1", name));
    if (!str_eq(attribute, S("Arn")))
        return NULL;
    return value_string(a, arena_fmt(a, "arn:aws:s3:::%s-1", name));
}

static const struct template *open_or_fail(struct arena *a, const struct value *v)
{
    const struct template *t = NULL;
    struct str why = { 0 };

    if (template_open(a, v, &t, &why) != 0)
        fail_msg("%.*s", STR(why));
    return t;
}

static int bind(struct arena *a, const struct template *t, const struct value *given,
                const struct template_stack **ret, struct str *ret_why)
{
    size_t count = value_count(given);
    struct template_given *list = arena_array(a, struct template_given, count);
    struct template_place place = place_of(a);

    for (size_t i = 0; i < count; i++) {
        list[i].name = given->map.members[i].key;
        list[i].value = value_text(a, given->map.members[i].value);
    }
    return template_bind(a, t, list, count, &place, ret, ret_why);
}

static struct value *with_resource(struct arena *a, const struct value *template, struct str id,
                                   struct value *resource)
{
    struct value *copy = value_is(template, VALUE_MAP) ? value_copy(a, template) : value_map(a);
    struct value *resources = value_get(copy, S("Resources"));

    if (!resources)
        value_set(a, copy, S("Resources"), resources = value_map(a));
    value_set(a, resources, id, resource);
    return copy;
}

static int resolve_case(struct arena *a, const struct value *base, struct value *value,
                        struct value **ret, struct str *ret_why)
{
    struct value *resource = value_map(a), *properties = value_map(a), *resolved = NULL;
    const struct template *t;
    const struct template_stack *s;

    value_set(a, properties, S("V"), value);
    value_set_str(a, resource, S("Type"), S("T"));
    value_set(a, resource, S("Properties"), properties);
    PASS(template_open(a, with_resource(a, base, S("Under"), resource), &t, ret_why));
    PASS(bind(a, t, NULL, &s, ret_why));
    PASS(template_properties(a, s, (size_t)template_find_resource(t, S("Under")), look_up, a,
                             &resolved, ret_why));
    *ret = value_get(resolved, S("V"));
    return 0;
}

static void every_value_of_the_table_resolves_as_it_says(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct value *table = data_yaml(&a, "template_values.yaml");
    const struct value *cases = value_get(table, S("cases"));
    size_t n_wrong = 0;

    for (size_t i = 0; i < value_count(cases); i++) {
        const struct value *test = value_at(cases, i), *want = value_get(test, S("is"));
        struct value *got = NULL;
        struct str why = { 0 };
        int result = resolve_case(&a, value_get(table, S("template")), value_get(test, S("value")),
                                  &got, &why);

        assert_true(result >= 0);
        bool same = want ? got && value_equal(got, want) : !got;
        if (same && str_eq(why, value_get_str(test, S("why"))))
            continue;
        print_error("%.*s: got %.*s %.*s\n", STR(value_get_str(test, S("says"))),
                    STR(got ? json_format(&a, got) : S("nothing")), STR(why));
        n_wrong++;
    }
    assert_true(value_count(cases) > 30);
    assert_int_equal(n_wrong, 0);
    arena_done(&a);
}

static void every_invalid_template_is_refused_with_its_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct value *table = data_yaml(&a, "template_refusals.yaml");
    size_t n_wrong = 0;

    for (size_t i = 0; i < value_count(table); i++) {
        const struct value *test = value_at(table, i);
        const struct value *document = value_get(test, S("template"));
        const struct template *t;
        const struct template_stack *s;
        struct str why = { 0 };

        if (value_get(test, S("r")))
            document = with_resource(&a, document, S("A"), value_get(test, S("r")));
        int result = template_open(&a, document, &t, &why);
        if (result == 0)
            result = bind(&a, t, value_get(test, S("given")), &s, &why);
        if (result == TEMPLATE_INVALID && str_eq(why, value_get_str(test, S("why"))))
            continue;
        print_error("want %.*s\ngot  %.*s\n", STR(value_get_str(test, S("why"))), STR(why));
        n_wrong++;
    }
    assert_int_equal(n_wrong, 0);
    arena_done(&a);
}

static struct str plan_of(struct arena *a, const struct template_stack *s)
{
    struct buf out = buf_in(a);

    for (size_t i = 0; i < s->n_steps; i++)
        buf_fmt(&out, "%s%u %.*s", i > 0 ? ", " : "", s->steps[i].level,
                STR(s->t->resources[s->steps[i].resource].id));
    return buf_str(&out);
}

static struct value *given_role(struct arena *a, struct str role)
{
    struct value *given = value_map(a);

    value_set_str(a, given, S("ExistingRole"), role);
    return given;
}

static void resources_are_made_by_level_and_then_as_written(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct template *t = open_or_fail(&a, data_yaml(&a, "template_stack.yaml"));
    const struct template_stack *s;
    struct str why;

    assert_int_equal(bind(&a, t, given_role(&a, S("")), &s, &why), 0);
    assert_str(plan_of(&a, s), "0 AdminRole, 0 Runbook, 1 FunctionRole, 2 Function, 3 Rule, "
                               "4 Permission");
    assert_int_equal(s->steps[5].n_needs, 2);
    assert_int_equal(bind(&a, t, given_role(&a, S("mine")), &s, &why), 0);
    assert_str(plan_of(&a, s), "0 Runbook, 1 FunctionRole, 2 Function, 3 Rule, 4 Permission");
    arena_done(&a);
}

static void properties_keep_what_is_text(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct template *t = open_or_fail(&a, data_yaml(&a, "template_stack.yaml"));
    const struct template_stack *s;
    struct value *p;
    struct str why;

    assert_int_equal(bind(&a, t, given_role(&a, S("")), &s, &why), 0);
    size_t function = (size_t)template_find_resource(t, S("Function"));
    assert_int_equal(template_properties(&a, s, function, look_up, &a, &p, &why), 0);
    assert_str(json_format(&a, p),
               "{\"Role\":\"arn:aws:s3:::functionrole-1\",\"Code\":{\"ZipFile\":"
               "\"print(f'{name} in eu-west-1')\\n\"},\"Environment\":{\"Variables\":{\"Runbook\":"
               "\"runbook-1\",\"Version\":\"2012-10-17\",\"Share\":\"10%\"}}}");
    assert_int_equal(t->resources[function].deletion, TEMPLATE_RETAIN);

    size_t role = (size_t)template_find_resource(t, S("FunctionRole"));
    assert_int_equal(template_properties(&a, s, role, look_up, &a, &p, &why), 0);
    assert_str(value_get_str(p, S("Resource")),
               "arn:aws:ssm:eu-west-1:111122223333:automation-definition/runbook-1:$DEFAULT");
    arena_done(&a);
}

static void outputs_follow_their_conditions(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct template *t = open_or_fail(&a, data_yaml(&a, "template_stack.yaml"));
    const struct template_stack *s;
    struct template_result *results;
    size_t count;
    struct str why;

    assert_int_equal(bind(&a, t, given_role(&a, S("")), &s, &why), 0);
    assert_int_equal(template_outputs(&a, s, look_up, &a, &results, &count, &why), 0);
    assert_int_equal(count, 2);
    assert_str(results[1].value, "arn:aws:s3:::adminrole-1");
    assert_int_equal(bind(&a, t, given_role(&a, S("mine")), &s, &why), 0);
    assert_int_equal(template_outputs(&a, s, look_up, &a, &results, &count, &why), 0);
    assert_int_equal(count, 1);
    assert_str(results[0].output->name, "RuleArn");
    assert_str(results[0].value, "arn:aws:s3:::rule-1");
    arena_done(&a);
}

static void named_roles_need_the_named_capability(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct value *v = data_yaml(&a, "template_stack.yaml");
    const struct template *t = open_or_fail(&a, v);
    struct str iam[] = { S("CAPABILITY_IAM") }, named[] = { S("CAPABILITY_NAMED_IAM") };

    assert_int_equal(t->capabilities, TEMPLATE_IAM | TEMPLATE_NAMED_IAM);
    assert_int_equal(t->capability_types.count, 1);
    assert_str(template_missing_capability(t, (struct strs){ iam, 1 }), "CAPABILITY_NAMED_IAM");
    assert_false(str_is_set(template_missing_capability(t, (struct strs){ named, 1 })));

    struct value *role = value_get(value_get(v, S("Resources")), S("FunctionRole"));
    value_set(&a, role, S("Properties"), value_map(&a));
    t = open_or_fail(&a, v);
    assert_str(template_missing_capability(t, (struct strs){ 0 }), "CAPABILITY_IAM");
    assert_false(str_is_set(template_missing_capability(t, (struct strs){ iam, 1 })));
    arena_done(&a);
}

static void a_small_template_cannot_describe_a_huge_one(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct value *resource = value_map(&a), *properties = value_map(&a), *document = value_map(&a);
    struct value *parameters = value_map(&a), *p = value_map(&a), *r;
    struct buf text = buf_in(&a), big = buf_in(&a);
    const struct template_stack *s;
    struct str why;

    for (int i = 0; i < 2000; i++)
        buf_lit(&text, "${P}");
    for (int i = 0; i < 4000; i++)
        buf_byte(&big, 'x');
    value_set_str(&a, p, S("Type"), S("String"));
    value_set_str(&a, p, S("Default"), buf_str(&big));
    value_set(&a, parameters, S("P"), p);
    value_set(&a, document, S("Parameters"), parameters);
    struct value *sub = value_map(&a);
    value_set_str(&a, sub, S("Fn::Sub"), buf_str(&text));
    value_set(&a, properties, S("V"), sub);
    value_set_str(&a, resource, S("Type"), S("T"));
    value_set(&a, resource, S("Properties"), properties);
    const struct template *t = open_or_fail(&a, with_resource(&a, document, S("A"), resource));
    assert_int_equal(bind(&a, t, NULL, &s, &why), 0);
    assert_int_equal(template_properties(&a, s, 0, look_up, &a, &r, &why), TEMPLATE_INVALID);
    assert_str(why, "Template error: the resolved template is too large");
    arena_done(&a);
}

/* Resources A0, A1 ... each depending on the one before. */
static struct value *chain(struct arena *a, size_t n)
{
    struct value *document = value_map(a);

    for (size_t i = 0; i < n; i++) {
        struct value *resource = value_map(a);
        value_set_str(a, resource, S("Type"), S("T"));
        if (i > 0)
            value_set_str(a, resource, S("DependsOn"), arena_fmt(a, "A%zu", i - 1));
        struct value *resources = value_get(document, S("Resources"));
        if (!resources)
            value_set(a, document, S("Resources"), resources = value_map(a));
        value_set(a, resources, arena_fmt(a, "A%zu", i), resource);
    }
    return document;
}

static void as_many_resources_as_allowed_and_not_one_more(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct template *t = open_or_fail(&a, chain(&a, TEMPLATE_MAX_RESOURCES));
    const struct template_stack *s;
    struct str why;

    assert_int_equal(bind(&a, t, NULL, &s, &why), 0);
    for (size_t i = 0; i < s->n_steps; i++) {
        assert_int_equal(s->steps[i].resource, i);
        assert_int_equal(s->steps[i].level, i);
        assert_int_equal(s->steps[i].n_needs, i > 0);
    }
    assert_int_equal(template_open(&a, chain(&a, TEMPLATE_MAX_RESOURCES + 1), &t, &why),
                     TEMPLATE_INVALID);
    assert_str(why, "Template format error: Number of Resources, 501, is greater than maximum "
                    "allowed, 500");
    arena_done(&a);
}

static void a_parameter_holds_4096_bytes(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct value *document = chain(&a, 1), *parameters = value_map(&a), *p = value_map(&a);
    struct value *given = value_map(&a);
    const struct template_stack *s;
    struct buf text = buf_in(&a);
    struct str why;

    value_set_str(&a, p, S("Type"), S("String"));
    value_set(&a, parameters, S("P"), p);
    value_set(&a, document, S("Parameters"), parameters);
    const struct template *t = open_or_fail(&a, document);
    for (int i = 0; i < TEMPLATE_MAX_PARAMETER_VALUE; i++)
        buf_byte(&text, 'x');
    value_set_str(&a, given, S("P"), buf_str(&text));
    assert_int_equal(bind(&a, t, given, &s, &why), 0);
    buf_byte(&text, 'x');
    value_set_str(&a, given, S("P"), buf_str(&text));
    assert_int_equal(bind(&a, t, given, &s, &why), TEMPLATE_INVALID);
    assert_str(why, "Parameter 'P' must not be longer than 4096 bytes");
    arena_done(&a);
}

/* First and Second refer to each other only while C holds. */
static void a_circle_that_a_condition_opens_is_none(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct value *v;
    const struct template_stack *s;
    struct str why;

    assert_int_equal(yaml_parse(&a,
                                S("Parameters: { P: { Type: String } }\n"
                                  "Conditions: { C: !Equals [!Ref P, x] }\n"
                                  "Resources:\n"
                                  "  First: { Type: T, Properties: { a: !Ref Second } }\n"
                                  "  Second: { Type: T, DependsOn: Third,\n"
                                  "            Properties: { a: !If [C, !Ref First, b] } }\n"
                                  "  Third: { Type: T, Condition: C }\n"),
                                &v, &why),
                     0);
    const struct template *t = open_or_fail(&a, v);
    struct value *given = value_map(&a);
    value_set_str(&a, given, S("P"), S("x"));
    assert_int_equal(bind(&a, t, given, &s, &why), TEMPLATE_INVALID);
    assert_str(why, "Circular dependency between resources: [First, Second]");
    value_set_str(&a, given, S("P"), S("y"));
    assert_int_equal(bind(&a, t, given, &s, &why), 0);
    assert_str(plan_of(&a, s), "0 Second, 1 First");
    arena_done(&a);
}

static bool has_function(const struct value *v)
{
    bool is_map = value_is(v, VALUE_MAP);

    for (size_t i = 0; i < value_count(v); i++) {
        if (is_map && (str_starts(v->map.members[i].key, S("Fn::")) ||
                       str_eq(v->map.members[i].key, S("Ref"))))
            return true;
        if (has_function(is_map ? v->map.members[i].value : v->list.items[i]))
            return true;
    }
    return false;
}

/* Somebody else's template, in whole: every parameter without a default gets the empty text. */
static void play(const char *folder, const char *name, bool must_have_defaults)
{
    struct arena a = { 0 };
    struct value *v = NULL, *given = value_map(&a);
    struct str why = { 0 };
    const struct template_stack *s;

    if (yaml_or_json_parse(&a, data_file(&a, folder, name), &v, &why) != 0)
        fail_msg("%s: %.*s", name, STR(why));
    const struct template *t = open_or_fail(&a, v);
    for (size_t i = 0; i < t->n_parameters; i++)
        if (!str_is_set(t->parameters[i].otherwise))
            value_set_str(&a, given, t->parameters[i].name, S(""));
    assert_true(must_have_defaults || value_count(given) > 0);
    if (value_count(given) > 0)
        assert_int_equal(bind(&a, t, NULL, &s, &why), TEMPLATE_INVALID);
    if (bind(&a, t, given, &s, &why) != 0)
        fail_msg("%s: %.*s", name, STR(why));

    assert_int_equal(s->n_steps, t->n_resources);
    bool *made = arena_array(&a, bool, t->n_resources);
    for (size_t i = 0; i < s->n_steps; i++) {
        struct value *p;
        for (size_t k = 0; k < s->steps[i].n_needs; k++)
            assert_true(made[s->steps[i].needs[k]]);
        if (template_properties(&a, s, s->steps[i].resource, look_up, &a, &p, &why) != 0)
            fail_msg("%s: %.*s", name, STR(why));
        assert_false(has_function(p));
        made[s->steps[i].resource] = true;
    }
    assert_str(template_missing_capability(t, (struct strs){ 0 }), "CAPABILITY_NAMED_IAM");
    arena_done(&a);
}

static void templates_from_elsewhere_run_as_they_are(void **state)
{
    (void)state;
    const char *folder = getenv("PATCHBAY_SEED");

    play(getenv("PATCHBAY_TEST_DATA"), "template_stack.yaml", false);
    if (!folder)
        return;
    play(folder, "AWS-SystemsManager-AutomationExecutionRole.yaml", false);
    play(folder, "Scheduled-Patch-Automation.yaml", false);
    play(folder, "opsmgmt/opsmgmt-target-account.yaml", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_the_table_resolves_as_it_says),
        cmocka_unit_test(every_invalid_template_is_refused_with_its_reason),
        cmocka_unit_test(resources_are_made_by_level_and_then_as_written),
        cmocka_unit_test(properties_keep_what_is_text),
        cmocka_unit_test(outputs_follow_their_conditions),
        cmocka_unit_test(named_roles_need_the_named_capability),
        cmocka_unit_test(as_many_resources_as_allowed_and_not_one_more),
        cmocka_unit_test(a_parameter_holds_4096_bytes),
        cmocka_unit_test(a_circle_that_a_condition_opens_is_none),
        cmocka_unit_test(a_small_template_cannot_describe_a_huge_one),
        cmocka_unit_test(templates_from_elsewhere_run_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
