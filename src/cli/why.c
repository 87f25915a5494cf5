/* SPDX-License-Identifier: Apache-2.0 */
/* Why a package of a node is in its state: patchbay:ExplainPatch for people. */
#include <stdio.h>

#include "cli/command.h"

static void print_package(const struct value *package)
{
    const struct value *chain = value_get(package, S("Chain"));

    printf("\n%.*s.%.*s\n", STR(value_get_str(package, S("Name"))),
           STR(value_get_str(package, S("Arch"))));
    for (size_t i = 0; i < value_count(chain); i++) {
        const struct value *link = value_at(chain, i);
        struct str step = value_get_str(link, S("Step"));
        bool is_head = str_eq(step, S("Version")) || str_eq(step, S("State"));

        printf("%s%.*s\n", is_head ? "  " : "    ", STR(value_get_str(link, S("Text"))));
    }
}

static void print_answer(struct command_run *r, const struct value *answer)
{
    const struct value *packages = value_get(answer, S("Packages"));
    const struct value *notes = value_get(answer, S("Notes"));
    struct str group = value_get_str(answer, S("PatchGroup"));

    printf("%.*s, %.*s\n", STR(value_get_str(answer, S("InstanceId"))),
           STR(value_get_str(answer, S("Product"))));
    printf("baseline %.*s (%.*s)", STR(value_get_str(answer, S("BaselineId"))),
           STR(value_get_str(answer, S("BaselineName"))));
    if (!str_is_empty(group))
        printf(", of the patch group %.*s", STR(group));
    printf("\nfacts of %.*s, by %.*s\n", STR(command_time(r, value_get(answer, S("CaptureTime")))),
           STR(value_get_str(answer, S("Operation"))));
    for (size_t i = 0; i < value_count(notes); i++)
        printf("NOTE: %.*s\n", STR(value_str(value_at(notes, i))));
    for (size_t i = 0; i < value_count(packages); i++)
        print_package(value_at(packages, i));
}

static int explain(struct command_run *r, struct str name, struct str package, struct value **ret)
{
    struct client_call call = { .service = "patchbay", .target = "Patchbay.ExplainPatch" };

    PASS(command_address(r, name, &call));
    value_set_str(&r->a, call.in, S("Package"), package);
    PASS(client_call(&r->client, &call, ret, &r->why));
    return 0;
}

static int run_why(struct command_run *r)
{
    struct value *answer;

    if (r->n_words != 2) {
        fputs("usage: patchbay why NODE PACKAGE\n", stderr);
        return EXIT_USAGE;
    }
    int result = explain(r, str_of(r->words[0]), str_of(r->words[1]), &answer);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, answer);
    else
        print_answer(r, answer);
    const struct value *packages = value_get(answer, S("Packages"));
    for (size_t i = 0; i < value_count(packages); i++)
        if (!value_get_bool(value_at(packages, i), S("Compliant"), false))
            return EXIT_NOT_WELL;
    return EXIT_WELL;
}

const struct command command_why = {
    "why",
    "why NODE PACKAGE",
    "why a package is in its patch state, link by link",
    run_why,
};
