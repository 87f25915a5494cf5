/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/command_doc.h"

#include "../../test.h"
#include "base/json.h"
#include "base/yaml.h"

#define HEAD "schemaVersion: '2.2'\n"
#define STEP(name, more)                                                                           \
    "- {action: aws:runShellScript, name: " name ", inputs: {runCommand: [x]" more "}}\n"

static struct arena arena;

static struct value *tree(const char *text)
{
    struct value *v;
    struct str why;

    if (yaml_parse(&arena, str_of(text), &v, &why) != 0)
        fail_msg("%.*s", STR(why));
    return v;
}

static struct command_doc parsed(const char *text)
{
    struct command_doc doc;
    struct str why;

    if (command_doc_parse(&arena, tree(text), &doc, &why) != 0)
        fail_msg("%.*s", STR(why));
    return doc;
}

static void refused(const char *text, int outcome, const char *sentence)
{
    struct command_doc doc;
    struct str why = S("");

    assert_int_equal(command_doc_parse(&arena, tree(text), &doc, &why), outcome);
    assert_str(why, sentence);
}

static int empty_arena(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static void steps_keep_their_order_and_platform(void **state)
{
    (void)state;
    struct command_doc doc = parsed(HEAD "mainSteps:\n"
                                         "- action: aws:runPowerShellScript\n"
                                         "  name: win\n"
                                         "  precondition: {StringEquals: [Windows, platformType]}\n"
                                         "  inputs: {runCommand: [x]}\n" STEP("any", ""));

    assert_int_equal(doc.n_steps, 2);
    assert_str(doc.steps[0].name, "win");
    assert_str(doc.steps[0].platform, "Windows");
    assert_str(doc.steps[1].name, "any");
    assert_false(str_is_set(doc.steps[1].platform));
    assert_str(command_doc_platforms(&arena, &doc), "Linux,MacOS,Windows");
}

static void old_schemas_have_plugins(void **state)
{
    (void)state;
    struct command_doc doc =
        parsed("schemaVersion: '1.2'\n"
               "runtimeConfig: {aws:runShellScript: {properties: [{timeoutSeconds: '9'}]}}\n");

    assert_int_equal(doc.n_steps, 1);
    assert_str(doc.steps[0].name, "aws:runShellScript");
    assert_str(command_doc_platforms(&arena, &doc), "Linux,MacOS");
    assert_int_equal(command_doc_timeout(&arena, &doc, NULL), 9000);
}

static void what_cannot_be_run_is_refused(void **state)
{
    (void)state;
    refused("schemaVersion: '1.1'\n", COMMAND_DOC_SCHEMA,
            "The schemaVersion of a Command document must be 1.2, 2.0 or 2.2.");
    refused(HEAD "mainSteps: []\n", COMMAND_DOC_INVALID,
            "mainSteps must be a list of 1 to 100 steps.");
    refused(HEAD "mainSteps:\n" STEP("a", "") STEP("a", ""), COMMAND_DOC_INVALID,
            "Two steps have the name a.");
    refused(HEAD "files: {}\nmainSteps:\n" STEP("a", ""), COMMAND_DOC_INVALID,
            "The document has the unknown member files.");
    refused(HEAD "description: '{{ssm-secure:x}}'\nmainSteps:\n" STEP("a", ""), COMMAND_DOC_INVALID,
            "References to Parameter Store parameters are not supported.");
    refused(HEAD "mainSteps:\n- {action: aws:softwareInventory, name: a, inputs: {}}\n",
            COMMAND_DOC_INVALID, "The action aws:softwareInventory is not supported.");
    refused(HEAD "mainSteps:\n- {action: aws:runShellScript, name: a, timeoutSeconds: '9', "
                 "inputs: {}}\n",
            COMMAND_DOC_INVALID, "timeoutSeconds of the step a must be a number.");
    refused(HEAD "mainSteps:\n- {action: aws:runShellScript, name: a, inputs: {}, "
                 "precondition: {StringEquals: [platformType, BeOS]}}\n",
            COMMAND_DOC_INVALID, "The precondition of a names no platform.");
    refused(HEAD "mainSteps:\n- {action: aws:runShellScript, name: a, inputs: {}, "
                 "precondition: {StringEquals: [x, x]}}\n",
            COMMAND_DOC_INVALID, "The precondition of a must contain a parameter.");
}

#define PARAMETERS                                                                                 \
    HEAD "parameters:\n"                                                                           \
         "  Words: {type: StringList, minItems: 1, maxItems: 2}\n"                                 \
         "  Kind: {type: String, default: a, allowedValues: [a, b]}\n"                             \
         "  Name: {type: String, default: x, allowedPattern: '[a-z]+', maxChars: 3}\n"             \
         "mainSteps:\n" STEP("s", "")

static void given(const char *text, const char *expected)
{
    struct command_doc doc = parsed(PARAMETERS);
    struct value *arguments;
    struct str why;

    int result = command_doc_arguments(&arena, &doc, tree(text), &arguments, &why);
    assert_str(result == 0 ? json_format(&arena, arguments) : why, expected);
}

static void values_get_their_type_and_are_checked(void **state)
{
    (void)state;
    given("{Words: [x, y], Kind: [b]}", "{\"Words\":[\"x\",\"y\"],\"Kind\":\"b\"}");
    given("{Words: [x]}", "{\"Words\":[\"x\"]}");
    given("{}", "Parameter \"Words\" is required.");
    given("{Words: []}", "Parameter \"Words\" has too few or too many values.");
    given("{Words: [a, b, c]}", "Parameter \"Words\" has too few or too many values.");
    given("{Words: [x], Kind: [c]}",
          "Parameter \"Kind\" has a value that is not one of its allowedValues.");
    given("{Words: [x], Kind: [a, b]}", "Parameter \"Kind\" takes exactly one value.");
    given("{Words: [x], Name: [a1]}",
          "Parameter \"Name\" has a value that does not match its allowedPattern.");
    given("{Words: [x], Name: [abcd]}", "Parameter \"Name\" has a value that is too short or too "
                                        "long.");
    given("{Words: [x], Other: [y]}", "Parameter \"Other\" is not defined in the document.");
    given("{Words: ['{{ssm:x}}']}",
          "Parameter \"Words\" refers to the Parameter Store, which is not supported.");
}

static msec timeout(const char *value, const char *arguments)
{
    struct str text = arena_fmt(&arena,
                                HEAD "parameters: {T: {type: String, default: '60'}}\n"
                                     "mainSteps:\n"
                                     "- {action: aws:runShellScript, name: a, "
                                     "inputs: {timeoutSeconds: %s}}\n",
                                value);
    struct command_doc doc = parsed(text.p);

    return command_doc_timeout(&arena, &doc, tree(arguments)) / MSEC_SECOND;
}

static void timeouts_are_those_of_the_agent(void **state)
{
    (void)state;
    assert_int_equal(timeout("'30'", "{}"), 30);
    assert_int_equal(timeout("30", "{}"), 30);
    assert_int_equal(timeout("'30.9'", "{}"), 30);
    assert_int_equal(timeout("'4'", "{}"), 3600);
    assert_int_equal(timeout("'172801'", "{}"), 3600);
    assert_int_equal(timeout("soon", "{}"), 3600);
    assert_int_equal(timeout("'{{ T }}'", "{}"), 60);
    assert_int_equal(timeout("'{{T}}'", "{T: '90'}"), 90);
}

static void steps_of_other_platforms_take_no_time(void **state)
{
    (void)state;
    struct command_doc doc = parsed(HEAD "mainSteps:\n" STEP("a", ", timeoutSeconds: 10") STEP(
        "b", ", timeoutSeconds: 20") "- action: aws:runShellScript\n"
                                     "  name: c\n"
                                     "  precondition: {StringEquals: [platformType, MacOS]}\n"
                                     "  inputs: {timeoutSeconds: 40}\n");

    assert_int_equal(command_doc_timeout(&arena, &doc, NULL), 30 * MSEC_SECOND);
}

#define RUNS(inputs) "- {action: aws:runDocument, name: r, inputs: {" inputs "}}\n"
#define SSM          "documentType: SSMDocument, "

static void what_ends_a_document_early_is_checked(void **state)
{
    (void)state;
    parsed(HEAD "mainSteps:\n" STEP("a", ", onFailure: exit, onSuccess: exit, finallyStep: false")
               STEP("b", ", onFailure: successAndExit, finallyStep: true"));
    parsed(HEAD "mainSteps:\n" STEP("a", ", onFailure: '{{ x }}', onSuccess: ''"));
    refused(HEAD "mainSteps:\n" STEP("a", ", onFailure: stop"), COMMAND_DOC_INVALID,
            "onFailure of the step a must be exit or successAndExit.");
    refused(HEAD "mainSteps:\n" STEP("a", ", onSuccess: successAndExit"), COMMAND_DOC_INVALID,
            "onSuccess of the step a must be exit.");
    refused(HEAD "mainSteps:\n" STEP("a", ", finallyStep: maybe"), COMMAND_DOC_INVALID,
            "finallyStep of the step a must be true or false.");
    refused(HEAD "mainSteps:\n" STEP("a", ", finallyStep: true") STEP("b", ""), COMMAND_DOC_INVALID,
            "Only the last step can be a finallyStep; a is not.");
    refused(HEAD "mainSteps:\n- {action: aws:runShellScript, name: a, isEnd: true, inputs: {}}\n",
            COMMAND_DOC_INVALID, "A step has the unknown member isEnd.");
}

static void documents_that_steps_run_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        { RUNS("documentPath: d"), "documentType of the step r must be SSMDocument or LocalPath." },
        { RUNS(SSM "documentPath: ''"),
          "documentPath of the step r must have 1 to 1024 characters." },
        { RUNS("documentType: LocalPath, documentPath: a/b"),
          "documentPath of the step r must be absolute: nothing is downloaded." },
        { RUNS(SSM "documentPath: d, documentParameters: [a]"),
          "documentParameters of the step r must be a map, or one as JSON text." },
        { RUNS(SSM "documentPath: d, documentParameters: 'a: b'"),
          "documentParameters of the step r must be a map, or one as JSON text." },
        { RUNS(SSM "documentPath: d, timeoutSeconds: '60'"), "r has the unknown member "
                                                             "timeoutSeconds." },
        { "- {action: aws:runDocument, name: r, timeoutSeconds: 60, inputs: {" SSM
          "documentPath: d}}\n",
          "The step r runs a document: the timeouts are its steps'." },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        refused(arena_fmt(&arena, HEAD "mainSteps:\n%s", cases[i].text).p, COMMAND_DOC_INVALID,
                cases[i].sentence);
}

static void a_run_names_the_documents_within(void **state)
{
    (void)state;
    struct command_doc doc = parsed(
        HEAD "parameters: {P: {type: String, default: 'Doc:3'}, T: {type: String}}\n"
             "mainSteps:\n" STEP("a", ", timeoutSeconds: 10")
                 RUNS(SSM "documentPath: '{{ P }}', documentParameters: {T: '{{ T }}', U: u}"));
    struct doc_run run;

    assert_false(command_doc_runs(&arena, &doc, tree("{T: '9'}"), 0, &run));
    assert_true(command_doc_runs(&arena, &doc, tree("{T: '9'}"), 1, &run));
    assert_str(run.name, "Doc");
    assert_str(run.version, "3");
    assert_str(json_format(&arena, run.arguments), "{\"T\":\"9\",\"U\":\"u\"}");
    assert_true(command_doc_runs(&arena, &doc, tree("{P: 'arn:aws:ssm:r:1:document/D'}"), 1, &run));
    assert_str(run.name, "arn:aws:ssm:r:1:document/D");
    assert_int_equal(command_doc_timeout(&arena, &doc, NULL), 3610 * MSEC_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(steps_keep_their_order_and_platform, empty_arena),
        cmocka_unit_test_teardown(old_schemas_have_plugins, empty_arena),
        cmocka_unit_test_teardown(what_cannot_be_run_is_refused, empty_arena),
        cmocka_unit_test_teardown(values_get_their_type_and_are_checked, empty_arena),
        cmocka_unit_test_teardown(timeouts_are_those_of_the_agent, empty_arena),
        cmocka_unit_test_teardown(steps_of_other_platforms_take_no_time, empty_arena),
        cmocka_unit_test_teardown(what_ends_a_document_early_is_checked, empty_arena),
        cmocka_unit_test_teardown(documents_that_steps_run_are_checked, empty_arena),
        cmocka_unit_test_teardown(a_run_names_the_documents_within, empty_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
