/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/verb.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX      64
#define SECONDS_MAX 7200

enum { HELP = 256, FIRST }; /* what getopt says: help, or an option of the table */

static bool set(struct arena *a, const struct verb_option *option, void *arguments,
                struct str value)
{
    void *member = (char *)arguments + option->member;
    int64_t seconds;

    switch (option->kind) {
    case VERB_YES:
    case VERB_NO:
        *(bool *)member = option->kind == VERB_YES;
        return true;
    case VERB_ID:
        if (value.len > ID_MAX || !str_is_word(value, "-_"))
            return false;
        *(struct str *)member = value;
        return true;
    case VERB_TEXT:
        *(struct str *)member = value;
        return true;
    case VERB_PATH:
        *(const char **)member = arena_cstr(a, value);
        return value.len > 0;
    case VERB_SECONDS:
        if (!str_to_int(value, &seconds) || seconds < 0 || seconds > SECONDS_MAX)
            return false;
        *(msec *)member = seconds * MSEC_SECOND;
        return true;
    case VERB_OWN:
        return option->set(a, arguments, value);
    }
    return false;
}

/* The table as getopt wants it; *ret_operand is the row that is no option, or NULL. */
static const struct option *list_options(struct arena *a, const struct verb_option *table,
                                         const struct verb_option **ret_operand)
{
    size_t count = 0, n = 0;

    while (table[count].name)
        count++;
    struct option *list = arena_array(a, struct option, count + 2);

    *ret_operand = NULL;
    for (size_t i = 0; i < count; i++) {
        bool is_flag = table[i].kind == VERB_YES || table[i].kind == VERB_NO;

        if (table[i].name[0] == '\0')
            *ret_operand = &table[i];
        else
            list[n++] = (struct option){ .name = table[i].name,
                                         .has_arg = is_flag ? no_argument : required_argument,
                                         .val = FIRST + (int)i };
    }
    list[n] = (struct option){ .name = "help", .has_arg = no_argument, .val = HELP };
    return list;
}

static void set_defaults(struct arena *a, const struct verb *verb, void *arguments)
{
    memcpy(arguments, verb->defaults, verb->size);
    for (const struct verb_option *option = verb->options; option->name; option++) {
        const char *value = option->env ? getenv(option->env) : NULL;

        if (value)
            set(a, option, arguments, str_of(value)); /* wrong: as if it were not there */
    }
}

/* What getopt could not place; in a cluster of letters it has not yet passed the word. */
static const char *unknown(struct arena *a, const char *word)
{
    if (optopt >= FIRST - 1)
        return arena_fmt(a, "%s: this option takes no value", word).p;
    if (optopt > 0)
        return arena_fmt(a, "there is no option -%c", optopt).p;
    return arena_fmt(a, "there is no option %s", word).p;
}

/* The sentence of wrong use; NULL: there is none, or --help was asked for. */
static const char *parse(struct arena *a, const struct verb *verb, int argc, char **argv,
                         void *arguments, bool *ret_help)
{
    const struct verb_option *operand;
    const struct option *options = list_options(a, verb->options, &operand);
    const char *missing = NULL;
    int c;

    opterr = 0; /* the sentences are ours */
    set_defaults(a, verb, arguments);
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == HELP)
            *ret_help = true;
        else if (c == ':')
            return arena_fmt(a, "%s needs a value", argv[optind - 1]).p;
        else if (c < FIRST)
            return unknown(a, argv[optind - 1]);
        else if (!set(a, &verb->options[c - FIRST], arguments, str_of(optarg)))
            return arena_fmt(a, "--%s cannot be \"%s\"", verb->options[c - FIRST].name, optarg).p;
    }
    if (operand && optind < argc && !set(a, operand, arguments, str_of(argv[optind++])))
        return arena_fmt(a, "it cannot be \"%s\"", argv[optind - 1]).p;
    if (*ret_help)
        return NULL;
    if (optind < argc)
        return arena_fmt(a, "\"%s\" is one argument too many", argv[optind]).p;
    if (verb->missing)
        missing = verb->missing(arguments);
    return missing ? arena_fmt(a, "%s", missing).p : NULL;
}

static int run_verb(const struct verb_program *program, const struct verb *verb, int argc,
                    char **argv)
{
    struct arena a = { 0 };
    void *arguments = arena_alloc(&a, verb->size);
    bool wants_help = false;
    int code = VERB_OK;

    const char *wrong = parse(&a, verb, argc, argv, arguments, &wants_help);
    if (wrong) {
        fprintf(stderr, "%s %s: %s\nTry %s %s --help.\n", program->name, verb->name, wrong,
                program->name, verb->name);
        code = VERB_USAGE;
    } else if (wants_help) {
        fputs(verb->help, stdout);
    } else {
        code = verb->run(&a, arguments);
    }
    arena_done(&a);
    return code;
}

static void print_help(const struct verb_program *program, FILE *to)
{
    int width = 0;

    for (size_t i = 0; i < program->count; i++)
        if ((int)strlen(program->verbs[i]->name) > width)
            width = (int)strlen(program->verbs[i]->name);
    fprintf(to, "usage: %s COMMAND [--help] ...\n\n", program->name);
    for (size_t i = 0; i < program->count; i++)
        fprintf(to, "  %-*s  %s\n", width, program->verbs[i]->name, program->verbs[i]->about);
    fputs("\n  --help, --version\n", to);
    if (program->about)
        fprintf(to, "\n%s", program->about);
}

static int choose(const struct verb_program *program, int argc, char **argv)
{
    struct str name = str_of(argc > 1 ? argv[1] : NULL);

    if (str_eq(name, S("--help"))) {
        print_help(program, stdout);
        return VERB_OK;
    }
    if (str_eq(name, S("--version"))) {
        printf("%s %s\n", program->name, program->version);
        return VERB_OK;
    }
    for (size_t i = 0; i < program->count; i++)
        if (str_eq(name, str_of(program->verbs[i]->name)))
            return run_verb(program, program->verbs[i], argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "%s: there is no command %s\nTry %s --help.\n", program->name, argv[1],
                program->name);
    else
        print_help(program, stderr);
    return VERB_USAGE;
}

int verb_main(const struct verb_program *program, int argc, char **argv)
{
    int code = choose(program, argc, argv);

    return fflush(stdout) == 0 ? code : VERB_FAILED;
}
