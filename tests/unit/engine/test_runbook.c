/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/runbook.h"

#include "base/json.h"
#include "base/yaml.h"

#include "../test.h"

static struct arena arena;

static struct value *json(const char *text)
{
    struct value *v;
    struct str why;

    if (json_parse(&arena, str_of(text), &v, &why) != 0)
        fail_msg("%.*s in %s", STR(why), text);
    return v;
}

/* A runbook that patches, in the shape that such runbooks have. */
static const char patching[] =
    "description: Runs a patch document on the nodes of a group\n"
    "schemaVersion: '0.3'\n"
    "assumeRole: '{{ AutomationAssumeRole }}'\n"
    "parameters:\n"
    "  AutomationAssumeRole:\n"
    "    type: String\n"
    "    description: The role to assume.\n"
    "  Operation: {type: String, default: Scan, allowedValues: [Scan, Install]}\n"
    "  InstallOverrideList: {type: String, default: ''}\n"
    "mainSteps:\n"
    "  - name: patch\n"
    "    action: 'aws:runCommand'\n"
    "    timeoutSeconds: 7200\n"
    "    onFailure: Abort\n"
    "    description: Patches.\n"
    "    inputs:\n"
    "      DocumentName: AWS-RunPatchBaseline\n"
    "      Targets:\n"
    "      - Key: 'resource-groups:Name'\n"
    "        Values: [Web]\n"
    "      Parameters:\n"
    "        Operation: '{{ Operation }}'\n"
    "        InstallOverrideList: '{{InstallOverrideList}}'\n"
    "      OutputS3KeyPrefix: 'a={{global:ACCOUNT_ID}}/e={{automation:EXECUTION_ID}}'\n"
    "      MaxConcurrency: 10%\n"
    "      MaxErrors: 10%\n"
    "  - name: report\n"
    "    action: aws:runCommand\n"
    "    maxAttempts: '3'\n"
    "    onFailure: Continue\n"
    "    onCancel: step:patch\n"
    "    isEnd: 'true'\n"
    "    inputs:\n"
    "      DocumentName: AWS-RunShellScript\n"
    "      InstanceIds: ['mi-0123456789abcdef0']\n"
    "      Comment: 'after {{ patch.CommandId }}'\n"
    "outputs: [patch.CommandId]\n";

static void a_patching_runbook_is_read(void **state)
{
    (void)state;
    struct value *document = NULL;
    struct runbook book;
    struct str why = { 0 };

    assert_int_equal(yaml_parse(&arena, str_of(patching), &document, NULL), 0);
    if (runbook_parse(&arena, document, &book, &why) != 0)
        fail_msg("%.*s", STR(why));
    assert_str(book.assume_role, "{{ AutomationAssumeRole }}");
    assert_int_equal(book.n_parameters, 3);
    assert_null(book.parameters[0].fallback);
    assert_str(value_str(book.parameters[1].fallback), "Scan");
    assert_int_equal(book.n_steps, 2);
    assert_str(book.steps[0].name, "patch");
    assert_true(book.steps[0].timeout == 7200 * MSEC_SECOND);
    assert_true(book.steps[0].is_critical);
    assert_false(book.steps[0].is_end);
    assert_int_equal(book.steps[0].next, 1);
    assert_int_equal(book.steps[0].max_attempts, 1);
    assert_int_equal(book.steps[1].max_attempts, 3);
    assert_false(book.steps[1].is_critical);
    assert_true(book.steps[1].is_end);
    assert_int_equal(book.steps[1].next, 2);
    assert_int_equal(book.steps[1].on_failure.then, RUNBOOK_CONTINUE);
    assert_str(book.steps[1].on_failure_text, "Continue");
    assert_str(book.steps[0].on_failure_text, "Abort");
    assert_int_equal(book.steps[1].on_cancel.then, RUNBOOK_GO);
    assert_int_equal(book.steps[1].on_cancel.step, 0);
    assert_int_equal(book.outputs.count, 1);
}

/* A runbook of one step, with members replaced or added at three places. */
static const char *book_of(const char *top, const char *parameter, const char *step)
{
    return arena_fmt(&arena,
                     "{\"schemaVersion\":\"0.3\",\"parameters\":{\"P\":{\"type\":\"String\"%s}},"
                     "\"mainSteps\":[{\"name\":\"one\",\"action\":\"aws:runCommand\","
                     "\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"i\"]}%s}]%s}",
                     parameter, step, top)
        .p;
}

static void expect_refusal(const char *text, const char *sentence)
{
    struct runbook book;
    struct str why = { 0 };

    if (runbook_parse(&arena, json(text), &book, &why) != RUNBOOK_INVALID)
        fail_msg("%s is taken", text);
    assert_str(why, sentence);
}

static void expect_valid(const char *text)
{
    struct runbook book;
    struct str why = { 0 };

    if (runbook_parse(&arena, json(text), &book, &why) != 0)
        fail_msg("%s: %.*s", text, STR(why));
}

static void a_document_of_another_shape_is_refused(void **state)
{
    (void)state;

    expect_valid(book_of("", "", ""));
    expect_refusal("[]", "A runbook must be a map.");
    expect_refusal("{}", "schemaVersion of a runbook must be \"0.3\".");
    expect_refusal("{\"schemaVersion\":\"2.2\"}", "schemaVersion of a runbook must be \"0.3\".");
    expect_refusal("{\"schemaVersion\":0.3}", "schemaVersion of the runbook must be a string.");
    expect_refusal("{\"schemaVersion\":\"0.3\"}", "mainSteps must be a list of at least one step.");
    expect_refusal("{\"schemaVersion\":\"0.3\",\"mainSteps\":[]}",
                   "mainSteps must be a list of at least one step.");
    expect_refusal("{\"schemaVersion\":\"0.3\",\"parameters\":[],\"mainSteps\":[]}",
                   "parameters must be a map.");
    expect_refusal(book_of(",\"variables\":{}", "", ""),
                   "The runbook has the member \"variables\", which is not supported.");
    expect_refusal(book_of(",\"assumeRole\":\"admin\"", "", ""),
                   "assumeRole must be the ARN of a role or a reference to a parameter.");
    expect_refusal(book_of(",\"assumeRole\":\"{{ Role }}\"", "", ""),
                   "assumeRole refers to {{ Role }}, which is no parameter, output or variable.");
    expect_valid(book_of(",\"assumeRole\":\"arn:aws:iam::{{global:ACCOUNT_ID}}:role/x\"", "", ""));
    expect_refusal(book_of(",\"outputs\":[\"one\"]", "", ""),
                   "outputs must be a list of names such as step.Output.");
    expect_refusal(book_of(",\"outputs\":[\"one.Nothing\"]", "", ""),
                   "outputs refers to {{ one.Nothing }}, which is no parameter, output or "
                   "variable.");
}

static void actions_not_done_here_are_named(void **state)
{
    (void)state;

    expect_refusal("{\"schemaVersion\":\"0.3\",\"mainSteps\":[{\"name\":\"nap\",\"action\":"
                   "\"aws:sleep\",\"inputs\":{\"Duration\":\"PT10M\"}}]}",
                   "Step \"nap\": action aws:sleep is not supported.");
    expect_refusal(book_of("", "", ",\"action\":\"runCommand\""),
                   "Step \"one\" must have an action, such as aws:runCommand.");
}

static void steps_are_checked(void **state)
{
    (void)state;

    expect_refusal(book_of("", "", ",\"onFailure\":\"Retry\""),
                   "onFailure of Step \"one\" must be Abort, Continue or step:NAME.");
    expect_refusal(book_of("", "", ",\"onFailure\":\"step:two\""),
                   "onFailure of Step \"one\" names the step \"two\", which does not exist.");
    expect_refusal(book_of("", "", ",\"onCancel\":\"Continue\""),
                   "onCancel of Step \"one\" must be Abort or step:NAME.");
    expect_refusal(book_of("", "", ",\"nextStep\":\"two\""),
                   "nextStep of Step \"one\" names the step \"two\", which does not exist.");
    expect_refusal(book_of("", "", ",\"maxAttempts\":0"),
                   "maxAttempts of Step \"one\" must be from 1 to 100.");
    expect_refusal(book_of("", "", ",\"timeoutSeconds\":\"soon\""),
                   "timeoutSeconds of Step \"one\" must be a number.");
    expect_refusal(book_of("", "", ",\"isEnd\":\"yes\""),
                   "isEnd of Step \"one\" must be true or false.");
    expect_refusal(book_of("", "", ",\"outputs\":[]"),
                   "Step \"one\" has the member \"outputs\", which is not supported.");
    expect_refusal(book_of("", "", ",\"name\":\"no spaces\""),
                   "Step 1 must have a name of letters, digits and underscores.");
    expect_refusal("{\"schemaVersion\":\"0.3\",\"mainSteps\":[{\"name\":\"a\",\"action\":"
                   "\"aws:runCommand\"},{\"name\":\"a\",\"action\":\"aws:runCommand\"}]}",
                   "Two steps have the name \"a\".");
    expect_valid(book_of("", "", ",\"nextStep\":\"one\",\"isEnd\":true,\"isCritical\":\"false\""));
}

static void inputs_of_a_command_are_checked(void **state)
{
    (void)state;

    expect_refusal(book_of("", "", ",\"inputs\":{}"),
                   "Step \"one\": aws:runCommand needs the input \"DocumentName\".");
    expect_refusal(book_of("", "", ",\"inputs\":[]"), "Step \"one\" must have inputs.");
    expect_refusal(book_of("", "", ",\"inputs\":{\"DocumentName\":\"D\"}"),
                   "Step \"one\": aws:runCommand needs one of the inputs InstanceIds and "
                   "Targets.");
    expect_refusal(book_of("", "", ",\"inputs\":{\"DocumentName\":\"D\",\"Instances\":[\"i\"]}"),
                   "Step \"one\": the input \"Instances\" of aws:runCommand is not supported.");
    expect_refusal(book_of("", "", ",\"inputs\":{\"DocumentName\":[\"D\"]}"),
                   "Step \"one\": the input \"DocumentName\" of aws:runCommand is not valid.");
    expect_refusal(book_of("", "",
                           ",\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"i\"],"
                           "\"MaxConcurrency\":\"0\"}"),
                   "Step \"one\": the input \"MaxConcurrency\" of aws:runCommand is not valid.");
    expect_valid(book_of("", "",
                         ",\"inputs\":{\"DocumentName\":\"{{ P }}\",\"InstanceIds\":"
                         "\"{{ P }}\",\"MaxConcurrency\":10,\"MaxErrors\":\"{{ P }}%\"}"));
}

static void references_must_lead_somewhere(void **state)
{
    (void)state;
#define INPUTS(text) ",\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"" text "\"]}"

    expect_valid(book_of("", "", INPUTS("{{ P }}{{global:DATE}}{{ one.Output }}")));
    expect_refusal(book_of("", "", INPUTS("{{ Q }}")),
                   "Step \"one\" refers to {{ Q }}, which is no parameter, output or variable.");
    expect_refusal(book_of("", "", INPUTS("x {{ssm:/a/b}}")),
                   "Step \"one\" refers to {{ ssm:/a/b }}: Parameter Store references are not "
                   "supported.");
    expect_refusal(book_of("", "", INPUTS("{{ {{P}} }}")),
                   "Step \"one\" has a malformed reference.");
    expect_refusal(book_of("", "", INPUTS("{{ global:TIME }}")),
                   "Step \"one\" refers to {{ global:TIME }}, which is no parameter, output or "
                   "variable.");
    expect_refusal(book_of("", "",
                           ",\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"i\"],"
                           "\"Parameters\":{\"{{ P }}\":\"x\"}}"),
                   "Step \"one\" has a reference in the name of a member.");
}

static void definitions_of_parameters_are_checked(void **state)
{
    (void)state;

    expect_valid(book_of("",
                         ",\"default\":\"a\",\"allowedPattern\":\"[a-z]*\",\"minChars\":1,"
                         "\"maxChars\":3,\"displayType\":\"textfield\"",
                         ""));
    expect_refusal(book_of("", ",\"type\":\"AWS::EC2::Instance::Id\"", ""),
                   "Parameter \"P\" has the type \"AWS::EC2::Instance::Id\", which is not "
                   "supported.");
    expect_refusal(book_of("", ",\"noEcho\":true", ""),
                   "Parameter \"P\" has the member \"noEcho\", which is not supported.");
    expect_refusal(book_of("", ",\"default\":1", ""),
                   "The default of Parameter \"P\" is not valid. Parameter \"P\" has value \"1\" "
                   "that is not of type String.");
    expect_refusal(book_of("", ",\"default\":\"{{ssm:/a}}\"", ""),
                   "The default of Parameter \"P\" refers to {{ ssm:/a }}: a default must be a "
                   "constant.");
    expect_refusal(book_of("", ",\"default\":\"c\",\"allowedValues\":[\"a\",\"b\"]", ""),
                   "The default of Parameter \"P\" is not valid. Parameter \"P\" has value \"c\" "
                   "not found in [a, b].");
    expect_refusal(book_of("", ",\"allowedValues\":\"a\"", ""),
                   "allowedValues of Parameter \"P\" must be a list.");
    expect_refusal(book_of("", ",\"type\":\"Boolean\",\"default\":\"true\"", ""),
                   "The default of Parameter \"P\" is not valid. Parameter \"P\" has value "
                   "\"true\" that is not of type Boolean.");
}

/* ---- parameters of an execution ---- */

static const char typed[] =
    "{\"schemaVersion\":\"0.3\",\"parameters\":{"
    "\"S\":{\"type\":\"String\",\"allowedPattern\":\"^[a-z]+$\",\"maxChars\":5},"
    "\"C\":{\"type\":\"String\",\"default\":\"Install\","
    "\"allowedValues\":[\"Install\",\"Uninstall\"]},"
    "\"L\":{\"type\":\"StringList\",\"default\":[],\"maxItems\":2},"
    "\"I\":{\"type\":\"Integer\",\"default\":7},"
    "\"B\":{\"type\":\"Boolean\",\"default\":false},"
    "\"M\":{\"type\":\"StringMap\",\"default\":{}},"
    "\"ML\":{\"type\":\"MapList\",\"default\":[]}},"
    "\"mainSteps\":[{\"name\":\"one\",\"action\":\"aws:runCommand\","
    "\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"i\"]}}]}";

static int give(const char *given, struct str *result)
{
    struct runbook book;
    struct value *v = NULL;
    struct str why = { 0 };

    assert_int_equal(runbook_parse(&arena, json(typed), &book, &why), 0);
    int outcome = runbook_parameters(&arena, &book, json(given), &v, &why);
    *result = outcome == 0 ? json_format(&arena, v) : why;
    return outcome;
}

static void expect_parameters(const char *given, const char *result)
{
    struct str got;

    assert_int_equal(give(given, &got), 0);
    assert_str(got, result);
}

static void expect_violation(const char *given, const char *sentence)
{
    struct str got;

    assert_int_equal(give(given, &got), RUNBOOK_INVALID);
    assert_str(got, sentence);
}

static void lists_of_strings_become_the_declared_types(void **state)
{
    (void)state;

    expect_parameters("{\"S\":[\"abc\"]}", "{\"S\":\"abc\",\"C\":\"Install\",\"L\":[],\"I\":7,"
                                           "\"B\":false,\"M\":{},\"ML\":[]}");
    expect_parameters("{\"S\":[\"abc\"],\"C\":[\"Uninstall\"],\"L\":[\"x\",\"y\"],\"I\":[\"-12\"],"
                      "\"B\":[\"True\"],\"M\":[\"{\\\"k\\\":\\\"v\\\"}\"],"
                      "\"ML\":[\"{\\\"a\\\":1}\",\"{}\"]}",
                      "{\"S\":\"abc\",\"C\":\"Uninstall\",\"L\":[\"x\",\"y\"],\"I\":-12,"
                      "\"B\":true,\"M\":{\"k\":\"v\"},\"ML\":[{\"a\":1},{}]}");
    expect_parameters("{\"S\":[\"abc\"],\"ML\":[\"[{\\\"a\\\":1}]\"]}",
                      "{\"S\":\"abc\",\"C\":\"Install\",\"L\":[],\"I\":7,\"B\":false,\"M\":{},"
                      "\"ML\":[{\"a\":1}]}");
}

static void what_breaks_a_rule_is_named(void **state)
{
    (void)state;

    expect_violation("{}", "Missing required parameter: S in user inputs.");
    expect_violation("{\"S\":[\"abc\"],\"X\":[\"1\"]}",
                     "Parameter \"X\" is not defined in the document.");
    expect_violation("{\"S\":[\"abc\"],\"s\":[\"1\"]}",
                     "Parameter \"s\" is not defined in the document.");
    expect_violation("{\"S\":[\"abc\"],\"C\":[\"install\"]}",
                     "Parameter \"C\" has value \"install\" not found in [Install, Uninstall].");
    expect_violation("{\"S\":[\"ABC\"]}",
                     "Parameter \"S\" has value \"ABC\" not matching the pattern ^[a-z]+$.");
    expect_violation("{\"S\":[\"abcdef\"]}",
                     "Parameter \"S\" has value \"abcdef\" longer than 5 characters.");
    expect_violation("{\"S\":[\"a\",\"b\"]}", "Parameter \"S\" has value \"[\"a\",\"b\"]\" that is "
                                              "not of type String.");
    expect_violation("{\"S\":[]}", "Parameter \"S\" has value \"[]\" that is not of type String.");
    expect_violation("{\"S\":\"abc\"}",
                     "Parameter \"S\" has value \"abc\" that is not of type String.");
    expect_violation("{\"S\":[\"abc\"],\"L\":[\"1\",\"2\",\"3\"]}",
                     "Parameter \"L\" has 3 items, more than 2.");
    expect_violation("{\"S\":[\"abc\"],\"I\":[\"7.5\"]}",
                     "Parameter \"I\" has value \"7.5\" that is not of type Integer.");
    expect_violation("{\"S\":[\"abc\"],\"B\":[\"1\"]}",
                     "Parameter \"B\" has value \"1\" that is not of type Boolean.");
    expect_violation("{\"S\":[\"abc\"],\"M\":[\"x\"]}",
                     "Parameter \"M\" has value \"x\" that is not of type StringMap.");
    expect_violation("{\"S\":[\"abc\"],\"ML\":[\"[1]\"]}",
                     "Parameter \"ML\" has value \"[1]\" that is not of type MapList.");
}

static int finish(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patching_runbook_is_read),
        cmocka_unit_test(a_document_of_another_shape_is_refused),
        cmocka_unit_test(actions_not_done_here_are_named),
        cmocka_unit_test(steps_are_checked),
        cmocka_unit_test(inputs_of_a_command_are_checked),
        cmocka_unit_test(references_must_lead_somewhere),
        cmocka_unit_test(definitions_of_parameters_are_checked),
        cmocka_unit_test(lists_of_strings_become_the_declared_types),
        cmocka_unit_test(what_breaks_a_rule_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
