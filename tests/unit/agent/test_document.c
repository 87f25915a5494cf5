/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/document.h"
#include "base/buf.h"
#include "base/json.h"

static struct value *parse(struct arena *a, const char *text)
{
    struct value *v;
    struct str why = { 0 };

    /* Quotes as ' to keep the tables readable. */
    char *json = arena_copy(a, text, strlen(text) + 1);
    for (char *p = json; *p; p++)
        if (*p == '\'')
            *p = '"';
    if (json_parse(a, str_of(json), &v, &why) != 0)
        fail_msg("%.*s: %s", STR(why), json);
    return v;
}

/* A plan in one line: "id:RUN:script" or "id:SKIP:reason" for each step, or "REFUSED why". */
static struct str plan(struct arena *a, const char *payload)
{
    struct document d;
    struct str why;
    struct buf b = buf_in(a);
    static const char *const verdicts[] = { "RUN", "SKIP", "FAIL" };

    int result = document_plan(a, parse(a, payload), &d, &why);
    if (result == DOCUMENT_REFUSED)
        return arena_fmt(a, "REFUSED %.*s", STR(why));
    assert_int_equal(result, 0);
    for (size_t i = 0; i < d.count; i++) {
        const struct document_step *s = &d.steps[i];
        buf_fmt(&b, "%s%.*s:%s:%.*s", i ? "|" : "", STR(s->id), verdicts[s->verdict],
                STR(s->verdict == STEP_RUN ? s->script : s->reason));
    }
    return buf_str(&b);
}

/* clang-format off */
#define RUN_SHELL_SCRIPT                                                                           \
    "'DocumentContent':{'schemaVersion':'1.2','parameters':{'commands':{'type':'StringList'},"      \
    "'workingDirectory':{'type':'String','default':''},"                                            \
    "'executionTimeout':{'type':'String','default':'3600',"                                         \
    "'allowedPattern':'([1-9][0-9]{0,4})|(172800)'}},"                                              \
    "'runtimeConfig':{'aws:runShellScript':{'properties':[{'id':'0.aws:runShellScript',"            \
    "'runCommand':'{{ commands }}','workingDirectory':'{{ workingDirectory }}',"                    \
    "'timeoutSeconds':'{{ executionTimeout }}'}]}}}"
/* clang-format on */

static void a_12_document_takes_its_parameters(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct document d;
    struct str why;

    assert_str(plan(&a, "{'Parameters':{'commands':['echo a','echo b']}," RUN_SHELL_SCRIPT "}"),
               "aws:runShellScript:RUN:echo a\necho b\n");
    assert_int_equal(document_plan(&a,
                                   parse(&a, "{'Parameters':{'commands':'x',"
                                             "'executionTimeout':['30'],"
                                             "'workingDirectory':['/tmp']}," RUN_SHELL_SCRIPT "}"),
                                   &d, &why),
                     0);
    assert_str(d.steps[0].name, "0.aws:runShellScript");
    assert_str(d.steps[0].working_directory, "/tmp");
    assert_int_equal(d.steps[0].timeout, 30000);
    arena_done(&a);
}

static void parameters_are_checked(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(plan(&a, "{'Parameters':{}," RUN_SHELL_SCRIPT "}"),
               "REFUSED Parameter \"commands\" has no value");
    assert_str(plan(&a, "{'Parameters':{'commands':[1]}," RUN_SHELL_SCRIPT "}"),
               "REFUSED Parameter \"commands\" is not a StringList");
    assert_str(plan(&a,
                    "{'Parameters':{'commands':['x'],'executionTimeout':'soon'}," RUN_SHELL_SCRIPT
                    "}"),
               "REFUSED Parameter \"executionTimeout\" does not match the allowedPattern "
               "([1-9][0-9]{0,4})|(172800)");
    /* Unanchored, as the AWS agent takes it. */
    assert_true(str_starts(
        plan(&a, "{'Parameters':{'commands':['x'],'executionTimeout':'x5'}," RUN_SHELL_SCRIPT "}"),
        S("aws:runShellScript:RUN")));
    assert_str(plan(&a, "{'Parameters':{'o':'Sc'},'DocumentContent':{'schemaVersion':'2.2',"
                        "'parameters':{'o':{'type':'String','allowedValues':['Scan','Install']}},"
                        "'mainSteps':[{'action':'aws:runShellScript','name':'s',"
                        "'inputs':{'runCommand':['x']}}]}}"),
               "REFUSED Parameter \"o\" is not one of the allowedValues");
    arena_done(&a);
}

#define DOC22(parameters, given, steps)                                                            \
    "{'Parameters':{" given "},'DocumentContent':{'schemaVersion':'2.2','parameters':{" parameters \
    "},'mainSteps':[" steps "]}}"
#define SH(name, script, more)                                                                     \
    "{'action':'aws:runShellScript','name':'" name "','inputs':{'runCommand':" script "}" more "}"
#define P2 "'p':{'type':'String','default':'x'},'l':{'type':'StringList','default':['a','b']}"

static const struct {
    const char *payload, *plan;
} documents[] = {
    /* References. */
    { DOC22(P2, "", SH("s", "['{{p}} {{ p }} {{l}} {{ q }} {{ {{ p }}']", "")),
      "s:RUN:x x [\"a\",\"b\"] {{ q }} {{ x\n" },
    { DOC22(P2, "", SH("s", "'{{l}}'", "")), "s:RUN:a\nb\n" },
    { DOC22(P2, "", SH("s", "['{{ l }}','c']", "")), "s:RUN:a\nb\nc\n" },
    { DOC22(P2, "'p':'{{ l }}'", SH("s", "['{{ p }}']", "")), "s:RUN:{{ l }}\n" },
    { DOC22(P2, "'p':['y']", SH("s", "['{{ p }}']", "")), "s:RUN:y\n" },
    { DOC22(P2, "'unknown':'y'", SH("s", "['{{ p }}']", "")), "s:RUN:x\n" },
    { DOC22(P2, "", SH("s", "['echo {{ssm:secret}}']", "")),
      "REFUSED This agent does not resolve {{ssm:...}} references" },

    /* Preconditions. */
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['platformType','Linux']}")),
      "s:RUN:x\n" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['linux','platformType']}")),
      "s:RUN:x\n" },
    { DOC22(P2, "", SH("w", "'x'", ",'precondition':{'StringEquals':['platformType','Windows']}")),
      "w:SKIP:Step execution skipped due to unsatisfied preconditions: "
      "'\"StringEquals\": [platformType, Windows]'. Step name: w" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['{{ p }}','x']}")),
      "s:RUN:x\n" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['y','{{ p }}']}")),
      "s:SKIP:Step execution skipped due to unsatisfied preconditions: "
      "'\"StringEquals\": [y, {{ p }}]'. Step name: s" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['a','b']}")),
      "s:FAIL:Unrecognized precondition(s): '\"StringEquals\": [a, b]: at least one operand must "
      "contain a document parameter'. Step name: s" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['{{p}}','{{p}}']}")),
      "s:FAIL:Unrecognized precondition(s): '\"StringEquals\": [{{p}}, {{p}}]: the operands are "
      "identical'. Step name: s" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringEquals':['platformType','{{p}}']}")),
      "s:FAIL:Unrecognized precondition(s): '\"StringEquals\": [platformType, {{p}}]: "
      "platformType cannot be compared with a parameter'. Step name: s" },
    { DOC22(P2, "", SH("s", "'x'", ",'precondition':{'StringLike':['platformType','Linux']}")),
      "s:FAIL:Unrecognized precondition(s): '\"StringLike\": [platformType, Linux]: the operator "
      "is unknown'. Step name: s" },

    /* Actions. */
    { DOC22("", "", "{'action':'aws:nope','name':'x','inputs':{}}"),
      "x:FAIL:Plugin with name aws:nope is not supported by this version of ssm agent, please "
      "update to latest version. Step name: x" },
    { DOC22("", "", "{'action':'aws:applications','name':'x','inputs':{}}"),
      "x:SKIP:Step execution skipped due to incompatible platform. Step name: x" },
    { "{'DocumentContent':{'schemaVersion':'2.0','mainSteps':[{'action':'aws:applications',"
      "'name':'x','inputs':{}}]}}",
      "x:FAIL:Plugin with name aws:applications is not supported by this version of ssm agent, "
      "please update to latest version. Step name: x" },
    { "{'DocumentContent':{'schemaVersion':'2.0.3','mainSteps':[" SH(
          "s", "'x'", ",'precondition':{'StringEquals':['platformType','Linux']}") "]}}",
      "s:FAIL:Precondition is not supported for document schema version 2.0.3. Step name: s" },
    { DOC22("", "", SH("s", "[{'a':1}]", "")),
      "s:FAIL:The input runCommand must be a list of strings of at most 1 MiB. Step name: s" },
    { DOC22("", "", "{'action':'aws:runShellScript','name':'s','inputs':{}}"),
      "s:FAIL:The input runCommand is missing. Step name: s" },

    /* Documents that cannot be taken. */
    { "{'DocumentContent':{'schemaVersion':'0.3','mainSteps':[]}}",
      "REFUSED Document with schema version 0.3 is not supported by this version of ssm agent, "
      "please update to latest version" },
    { "{'DocumentContent':{'schemaVersion':'2.2','mainSteps':[]}}",
      "REFUSED The document has no steps" },
    { "{}", "REFUSED The command has no document" },
    { DOC22("", "", SH("s", "'x'", "") "," SH("s", "'y'", "")),
      "REFUSED The document has two steps named s" },
    { DOC22("", "", SH("s", "'x'", ",'timeoutSeconds':'5'")),
      "REFUSED timeoutSeconds of step s must be an integer" },
    { "{'OutputS3BucketName':'b'," RUN_SHELL_SCRIPT "}",
      "REFUSED This agent does not write command output to S3" },
    { "{'CloudWatchOutputEnabled':'true'," RUN_SHELL_SCRIPT "}",
      "REFUSED This agent does not write command output to CloudWatch Logs" },
};

static void documents_become_plans(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        struct arena a = { 0 };
        assert_str(plan(&a, documents[i].payload), documents[i].plan);
        arena_done(&a);
    }
}

static void timeouts_out_of_bounds_are_the_default(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        msec timeout;
    } cases[] = {
        { "5", 5000 },
        { "'5'", 5000 },
        { "172800", 172800000 },
        { "172801", 3600000 },
        { "4", 3600000 },
        { "'soon'", 3600000 },
        { "'12.9'", 12000 },
        { "12.9", 12000 },
        { "-5", 3600000 },
        { "null", 3600000 },
        { "1e300", 3600000 },
        { "'7.x'", 3600000 },
        { "'99999999999999999999'", 3600000 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = { 0 };
        struct document d;
        struct str why;
        struct str payload = arena_fmt(&a,
                                       DOC22("", "",
                                             "{'action':'aws:runShellScript',"
                                             "'name':'s','inputs':{'runCommand':'x',"
                                             "'timeoutSeconds':%s}}"),
                                       cases[i].text);
        assert_int_equal(document_plan(&a, parse(&a, payload.p), &d, &why), 0);
        assert_int_equal(d.steps[0].timeout, cases[i].timeout);
        arena_done(&a);
    }
}

#define RUNS(inputs)                                                                               \
    "{'Parameters':{'n':'Doc:7','q':'{\\u0022a\\u0022:\\u0022b\\u0022}'},'DocumentContent':{"      \
    "'schemaVersion':'2.2','parameters':{'n':{'type':'String'},'q':{'type':'String'}},"            \
    "'mainSteps':[{'action':'aws:runDocument','name':'r','inputs':{" inputs "}}]}}"
#define SSM "'documentType':'SSMDocument',"

static const struct {
    const char *inputs, *plan; /* path, version, parameters; or why not */
} run_documents[] = {
    { RUNS(SSM "'documentPath':'AWS-Noop'"), "AWS-Noop () {}" },
    { RUNS(SSM "'documentPath':'{{ n }}','documentParameters':'{{ q }}'"),
      "Doc (7) {\"a\":\"b\"}" },
    { RUNS(SSM "'documentPath':'arn:aws:ssm:r:1:document/D','documentParameters':{'a':['b']}"),
      "arn:aws:ssm:r:1:document/D () {\"a\":[\"b\"]}" },
    { RUNS(SSM "'documentPath':'arn:aws:ssm:r:1:document/D:$LATEST'"),
      "arn:aws:ssm:r:1:document/D ($LATEST) {}" },
    { RUNS("'documentType':'LocalPath','documentPath':'/a/b:3'"), "/a/b:3 () {}" },
    { RUNS("'documentType':'LocalPath','documentPath':'a/b'"),
      "This agent downloads no content: a documentPath of the type LocalPath must be absolute. "
      "Step name: r" },
    { RUNS("'documentPath':'D'"),
      "The input documentType must be SSMDocument or LocalPath. Step name: r" },
    { RUNS(SSM "'documentPath':''"),
      "The input documentPath must have 1 to 1024 characters. Step name: r" },
    { RUNS(SSM "'documentPath':'D','documentParameters':'a: b'"),
      "The input documentParameters must be an object, or one as JSON text. Step name: r" },
    { RUNS(SSM "'documentPath':'D','documentParameters':['b']"),
      "The input documentParameters must be an object, or one as JSON text. Step name: r" },
    { RUNS(SSM "'documentPath':'D','timeoutSeconds':'60'"),
      "aws:runDocument takes no timeoutSeconds: the steps of its document do. Step name: r" },
    { RUNS(SSM "'documentPath':'D','onFailure':'stop'"),
      "The input onFailure must be exit or successAndExit. Step name: r" },
};

static void a_step_names_the_document_that_it_runs(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(run_documents); i++) {
        struct arena a = { 0 };
        struct document d;
        struct str why;
        assert_int_equal(document_plan(&a, parse(&a, run_documents[i].inputs), &d, &why), 0);
        const struct document_step *s = &d.steps[0];
        assert_int_equal(s->kind, STEP_DOCUMENT);
        if (s->verdict == STEP_RUN)
            assert_str(arena_fmt(&a, "%.*s (%.*s) %.*s", STR(s->path), STR(s->version),
                                 STR(json_format(&a, s->parameters))),
                       run_documents[i].plan);
        else
            assert_str(s->reason, run_documents[i].plan);
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_12_document_takes_its_parameters),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(documents_become_plans),
        cmocka_unit_test(timeouts_out_of_bounds_are_the_default),
        cmocka_unit_test(a_step_names_the_document_that_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
