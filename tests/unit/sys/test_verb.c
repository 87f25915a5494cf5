/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/verb.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../test.h"
#include "sys/file.h"

/* ---- a program of one verb, which says what it was given ---- */

struct greet_arguments {
    struct str name, id;
    const char *file;
    msec pause;
    bool loud;
    int64_t times;
};

static bool set_times(struct arena *a, void *arguments, struct str value)
{
    (void)a;
    return str_to_int(value, &((struct greet_arguments *)arguments)->times);
}

static const char *greet_missing(const void *arguments)
{
    return str_is_set(((const struct greet_arguments *)arguments)->name) ? NULL : "who?";
}

static int greet(struct arena *a, const void *arguments)
{
    const struct greet_arguments *g = arguments;

    (void)a;
    printf("%.*s %.*s %s %lld %s %lld\n", STR(g->name), STR(g->id), g->file, (long long)g->pause,
           g->loud ? "loud" : "quiet", (long long)g->times);
    return 7;
}

static const struct verb_option options[] = {
    { "", VERB_TEXT, offsetof(struct greet_arguments, name) },
    { "id", VERB_ID, offsetof(struct greet_arguments, id), "TEST_VERB_ID" },
    { "file", VERB_PATH, offsetof(struct greet_arguments, file) },
    { "pause", VERB_SECONDS, offsetof(struct greet_arguments, pause) },
    { "loud", VERB_YES, offsetof(struct greet_arguments, loud) },
    { "quiet", VERB_NO, offsetof(struct greet_arguments, loud) },
    { "times", VERB_OWN, .set = set_times },
    { 0 },
};

static const struct verb verb_greet = {
    .name = "greet",
    .about = "say hello",
    .help = "usage: program greet NAME\n",
    .options = options,
    .defaults = &(const struct greet_arguments){ .id = S_INIT("none"), .file = "-", .times = 1 },
    .size = sizeof(struct greet_arguments),
    .missing = greet_missing,
    .run = greet,
};

#define WORDS 6

struct sample {
    const char *words[WORDS]; /* after the program's name */
    int code;
    const char *out, *err; /* how they begin */
};

/* What it writes there, in a file of its own: the streams are the test's too. */
static int redirect(int fd, const char *path)
{
    int kept = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(kept >= 0 && file >= 0 && dup2(file, fd) == fd);
    close(file);
    return kept;
}

static void expect_begins(struct arena *a, const char *path, const char *want)
{
    struct str text;

    assert_int_equal(file_read(a, path, 4096, &text), 0);
    assert_str(str_slice(text, 0, strlen(want)), want);
    assert_int_equal(text.len == 0, *want == '\0');
    unlink(path);
}

static void expect(const struct sample *s)
{
    static const struct verb *const verbs[] = { &verb_greet };
    const struct verb_program program = { "program", "1.2", NULL, verbs, 1 };
    char program_name[] = "program", *argv[WORDS + 2] = { program_name },
         out[] = "/tmp/verb-out-XXXXXX";
    struct arena a = { 0 };
    int argc = 1;

    while (argc <= WORDS && s->words[argc - 1]) {
        argv[argc] = (char *)arena_cstr(&a, str_of(s->words[argc - 1]));
        argc++;
    }
    close(mkstemp(out));
    const char *err = arena_fmt(&a, "%s.err", out).p;
    fflush(stdout);
    int kept_out = redirect(1, out), kept_err = redirect(2, err);

    optind = 0; /* getopt begins anew */
    int code = verb_main(&program, argc, argv);
    assert_true(dup2(kept_out, 1) == 1 && dup2(kept_err, 2) == 2);
    close(kept_out);
    close(kept_err);
    assert_int_equal(code, s->code);
    expect_begins(&a, out, s->out);
    expect_begins(&a, err, s->err);
    arena_done(&a);
}

static void right_use_reaches_the_verb(void **state)
{
    static const struct sample samples[] = {
        { { "greet", "Ann" }, 7, "Ann none - 0 quiet 1\n", "" },
        { { "greet", "--loud", "Ann", "--id", "x-1" }, 7, "Ann x-1 - 0 loud 1\n", "" },
        { { "greet", "Ann", "--loud", "--quiet" }, 7, "Ann none - 0 quiet 1\n", "" },
        { { "greet", "Ann", "--pause=7200", "--file", "f" },
          7,
          "Ann none f 7200000 quiet 1\n",
          "" },
        { { "greet", "Ann", "--times", "3" }, 7, "Ann none - 0 quiet 3\n", "" },
        { { "greet", "--", "--loud" }, 7, "--loud none - 0 quiet 1\n", "" },
        { { "greet", "--help" }, VERB_OK, "usage: program greet", "" },
        { { "--help" }, VERB_OK, "usage: program COMMAND [--help] ...\n\n  greet  say hello", "" },
        { { "--version" }, VERB_OK, "program 1.2\n", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        expect(&samples[i]);
}

static void wrong_use_is_told_what_is_wrong(void **state)
{
    static const struct sample samples[] = {
        { { NULL }, VERB_USAGE, "", "usage: program COMMAND" },
        { { "grret" }, VERB_USAGE, "", "program: there is no command grret\nTry program --help." },
        { { "greet" }, VERB_USAGE, "", "program greet: who?\nTry program greet --help." },
        { { "greet", "A", "B" }, VERB_USAGE, "", "program greet: \"B\" is one argument too many" },
        { { "greet", "A", "--pause" }, VERB_USAGE, "", "program greet: --pause needs a value" },
        { { "greet", "--pause", "7201", "A" },
          VERB_USAGE,
          "",
          "program greet: --pause cannot be \"7201\"" },
        { { "greet", "--pause=-1" }, VERB_USAGE, "", "program greet: --pause cannot be \"-1\"" },
        { { "greet", "--file", "" }, VERB_USAGE, "", "program greet: --file cannot be \"\"" },
        { { "greet", "--id", "a b" }, VERB_USAGE, "", "program greet: --id cannot be \"a b\"" },
        { { "greet", "--times", "x" }, VERB_USAGE, "", "program greet: --times cannot be \"x\"" },
        { { "greet", "--loud=1" },
          VERB_USAGE,
          "",
          "program greet: --loud=1: this option takes no value" },
        { { "greet", "--help=1" },
          VERB_USAGE,
          "",
          "program greet: --help=1: this option takes no value" },
        { { "greet", "--nope" }, VERB_USAGE, "", "program greet: there is no option --nope" },
        { { "greet", "A", "-xy" }, VERB_USAGE, "", "program greet: there is no option -x" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        expect(&samples[i]);
}

static void a_variable_is_the_default_where_it_is_right(void **state)
{
    static const struct sample right = { { "greet", "A" }, 7, "A from-env - 0 quiet 1\n", "" };
    static const struct sample given = {
        { "greet", "A", "--id", "b" }, 7, "A b - 0 quiet 1\n", ""
    };
    static const struct sample wrong = { { "greet", "A" }, 7, "A none - 0 quiet 1\n", "" };

    (void)state;
    setenv("TEST_VERB_ID", "from-env", 1);
    expect(&right);
    expect(&given);
    setenv("TEST_VERB_ID", "not an id", 1);
    expect(&wrong);
    unsetenv("TEST_VERB_ID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_use_reaches_the_verb),
        cmocka_unit_test(wrong_use_is_told_what_is_wrong),
        cmocka_unit_test(a_variable_is_the_default_where_it_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
