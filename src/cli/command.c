/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"

int command_failed(struct command_run *r, int result)
{
    if (result < 0)
        fprintf(stderr, "patchbay: %s\n", err_trace());
    else
        fprintf(stderr, "patchbay: %.*s\n", STR(r->why));
    return EXIT_FAILED;
}

int command_no_arguments(const struct command_run *r, const char *name)
{
    if (r->n_words == 0)
        return EXIT_WELL;
    fprintf(stderr, "patchbay %s takes no arguments\nTry patchbay --help.\n", name);
    return EXIT_USAGE;
}

void command_tell_empty(const struct command_run *r, const char *what)
{
    bool is_narrowed = str_is_set(r->account) || r->regions.count > 0;

    fprintf(stderr, "patchbay: there are no %s%s\n", what,
            is_narrowed ? " in this account and Region" : "");
}

struct str command_region(const struct command_run *r)
{
    static const char *const names[] = { "AWS_REGION", "AWS_DEFAULT_REGION" };

    if (r->regions.count > 0)
        return r->regions.items[0];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return str_of(value);
    }
    return S("us-east-1");
}

void command_print_json(struct command_run *r, const struct value *v)
{
    printf("%s\n", json_format_pretty(&r->a, v).p);
}

msec command_msec(const struct value *v)
{
    if (value_is(v, VALUE_INT))
        return v->integer * MSEC_SECOND;
    return value_is(v, VALUE_DOUBLE) ? (msec)(v->number * 1000) : 0;
}

struct str command_time(struct command_run *r, const struct value *v)
{
    msec t = command_msec(v);

    return t != 0 ? time_iso(&r->a, t) : S("-");
}

static void add_place(struct command_run *r, struct place **places, size_t *count, size_t *capacity,
                      struct place place)
{
    if (str_is_set(r->account) && !str_eq(place.account, r->account))
        return;
    if (r->regions.count > 0 && !strs_have(r->regions, place.region))
        return;
    for (size_t i = 0; i < *count; i++)
        if (str_eq((*places)[i].account, place.account) &&
            str_eq((*places)[i].region, place.region))
            return;
    *places = ARENA_GROW(&r->a, *places, *count, capacity);
    (*places)[(*count)++] = place;
}

int command_places(struct command_run *r, struct place **ret, size_t *ret_count)
{
    struct client_call call = { .service = "patchbay", .target = "Patchbay.ListLocations" };
    struct value *locations;
    size_t capacity = 0;

    *ret = NULL;
    *ret_count = 0;
    PASS(client_whoami(&r->client, &r->why));
    PASS(client_list(&r->client, &call, S("Locations"), &locations, &r->why));
    for (size_t i = 0; i < value_count(locations); i++) {
        const struct value *l = value_at(locations, i);
        add_place(r, ret, ret_count, &capacity,
                  (struct place){ value_get_str(l, S("Account")),
                                  value_get_str(l, S("AccountName")),
                                  value_get_str(l, S("Region")) });
    }
    /* Places that were asked for are looked into, whether or not there are nodes. */
    struct str account = str_is_set(r->account) ? r->account : r->client.account;
    for (size_t i = 0; i < r->regions.count; i++)
        add_place(r, ret, ret_count, &capacity,
                  (struct place){ account, S(""), r->regions.items[i] });
    return 0;
}

void command_mark(struct command_run *r, struct value *v, const struct place *place)
{
    value_set_str(&r->a, v, S("Account"), place->account);
    value_set_str(&r->a, v, S("Region"), place->region);
}

int command_list_all(struct command_run *r, struct client_call call, struct str items,
                     struct value **ret)
{
    struct value *all = value_list(&r->a), *found;
    struct place *places;
    size_t n_places;

    PASS(command_places(r, &places, &n_places));
    for (size_t i = 0; i < n_places; i++) {
        call.account = places[i].account;
        call.region = places[i].region;
        PASS(client_list(&r->client, &call, items, &found, &r->why));
        for (size_t k = 0; k < value_count(found); k++) {
            command_mark(r, value_at(found, k), &places[i]);
            value_append(&r->a, all, value_at(found, k));
        }
    }
    *ret = all;
    return 0;
}
