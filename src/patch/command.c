/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX      64
#define SECONDS_MAX 7200

enum { HELP = 256, FIRST }; /* what getopt says: help, or an option of the table */

static bool set(struct arena *a, const struct command_option *option, void *arguments,
                struct str value)
{
    void *member = (char *)arguments + option->member;
    int64_t seconds;

    switch (option->kind) {
    case OPTION_YES:
    case OPTION_NO:
        *(bool *)member = option->kind == OPTION_YES;
        return true;
    case OPTION_ID:
        if (value.len > ID_MAX || !str_is_word(value, "-_"))
            return false;
        *(struct str *)member = value;
        return true;
    case OPTION_TEXT:
        *(struct str *)member = value;
        return true;
    case OPTION_SECONDS:
        if (!str_to_int(value, &seconds) || seconds < 0 || seconds > SECONDS_MAX)
            return false;
        *(msec *)member = seconds * MSEC_SECOND;
        return true;
    case OPTION_OWN:
        return option->set(a, arguments, value);
    }
    return false;
}

/* The table as getopt wants it; *ret_operand is the row that is no option, or NULL. */
static const struct option *list_options(struct arena *a, const struct command_option *table,
                                         const struct command_option **ret_operand)
{
    size_t count = 0, n = 0;

    while (table[count].name)
        count++;
    struct option *list = arena_array(a, struct option, count + 2);

    *ret_operand = NULL;
    for (size_t i = 0; i < count; i++) {
        bool is_flag = table[i].kind == OPTION_YES || table[i].kind == OPTION_NO;

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

static void set_defaults(struct arena *a, const struct command *command, void *arguments)
{
    memcpy(arguments, command->defaults, command->size);
    for (const struct command_option *option = command->options; option->name; option++) {
        const char *value = option->env ? getenv(option->env) : NULL;

        if (value)
            set(a, option, arguments, str_of(value)); /* wrong: as if it were not there */
    }
}

static bool parse(struct arena *a, const struct command *command, int argc, char **argv,
                  void *arguments, bool *ret_help)
{
    const struct command_option *operand;
    const struct option *options = list_options(a, command->options, &operand);
    int c;

    set_defaults(a, command, arguments);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == HELP)
            *ret_help = true;
        else if (c < FIRST || !set(a, &command->options[c - FIRST], arguments, str_of(optarg)))
            return false;
    }
    if (operand && optind < argc && !set(a, operand, arguments, str_of(argv[optind++])))
        return false;
    return optind == argc && (*ret_help || !command->is_whole || command->is_whole(arguments));
}

int command_main(const struct command *command, int argc, char **argv)
{
    struct arena a = { 0 };
    void *arguments = arena_alloc(&a, command->size);
    bool wants_help = false;
    int code = EXIT_OK;

    if (!parse(&a, command, argc, argv, arguments, &wants_help)) {
        fputs(command->help, stderr);
        code = EXIT_USAGE;
    } else if (wants_help) {
        fputs(command->help, stdout);
    } else {
        code = command->run(&a, arguments);
    }
    arena_done(&a);
    return fflush(stdout) == 0 ? code : EXIT_FAILED;
}

/* ---- what they share ---- */

int command_fail(int result, struct str why, int code)
{
    if (result < 0)
        fprintf(stderr, "patchbay-patch: %s\n", err_trace());
    else
        fprintf(stderr, "patchbay-patch: %.*s\n", STR(why));
    return code;
}

static int local_code(int outcome)
{
    if (outcome == LOCAL_UNSUPPORTED)
        return EXIT_UNSUPPORTED_OS;
    return outcome == LOCAL_BAD_BASELINE ? EXIT_SNAPSHOT : EXIT_FAILED;
}

int command_open(struct arena *a, const struct local_options *options, struct local *ret)
{
    struct str why = S("");
    int r = local_open(a, options, ret, &why);

    return r == 0 ? EXIT_OK : command_fail(r, why, local_code(r));
}

int command_load(struct arena *a, const struct local *local, struct state *ret)
{
    int r;

    *ret = (struct state){ 0 };
    if (!local->state_path)
        return EXIT_OK;
    r = state_load(a, local->state_path, ret);
    if (r == 0)
        return EXIT_OK;
    return command_fail(r, arena_fmt(a, "%s is damaged", local->state_path), EXIT_FAILED);
}
