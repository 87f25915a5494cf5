/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/update.h"

static const char *const phase_names[UPDATE_PHASES] = {
    [UPDATE_READY] = "ready",
    [UPDATE_INSTALLING] = "installing",
    [UPDATE_WATCHING] = "watching",
    [UPDATE_TAKING_BACK] = "taking-back",
    [UPDATE_WATCHING_BACK] = "watching-back",
    [UPDATE_OVER] = "over",
};

static const char *const end_names[UPDATE_ENDS] = {
    [UPDATE_UNDECIDED] = "undecided", [UPDATE_DONE] = "done",   [UPDATE_TAKEN_BACK] = "taken-back",
    [UPDATE_UNHEARD] = "unheard",     [UPDATE_STUCK] = "stuck",
};

/* --- the course ------------------------------------------------------------- */

static int move(struct update *u, const struct update_ports *ports, enum update_phase phase)
{
    u->phase = phase;
    TRY(ports->save(ports->context, u));
    return 0;
}

static int finish(struct update *u, const struct update_ports *ports, enum update_end end)
{
    u->end = end;
    TRY(move(u, ports, UPDATE_OVER));
    return 0;
}

static int take_back(struct update *u, const struct update_ports *ports, struct str why)
{
    u->why = why;
    u->tries = 0;
    u->retry_at = 0;
    TRY(move(u, ports, UPDATE_TAKING_BACK));
    return UPDATE_AGAIN;
}

static int watch(struct update *u, const struct update_ports *ports, enum update_phase phase,
                 msec now)
{
    u->deadline = now + u->patience;
    u->has_looked_in = false;
    TRY(move(u, ports, phase));
    return UPDATE_AGAIN;
}

static int install_new(struct arena *a, struct update *u, const struct update_ports *ports,
                       msec now)
{
    struct str why;

    TRY(move(u, ports, UPDATE_INSTALLING));
    int installed = ports->install(ports->context, u, &u->new, a, &why);
    if (installed == UPDATE_FAILED)
        return take_back(u, ports, why);
    TRY(installed);
    return watch(u, ports, UPDATE_WATCHING, now);
}

static int install_old(struct arena *a, struct update *u, const struct update_ports *ports,
                       msec now)
{
    struct str why;

    if (now < u->retry_at)
        return UPDATE_WAITS;
    int installed = ports->install(ports->context, u, &u->old, a, &why);
    if (installed == 0)
        return watch(u, ports, UPDATE_WATCHING_BACK, now);
    if (installed != UPDATE_FAILED)
        TRY(installed);
    u->retry_at = now + UPDATE_PAUSE;
    if (++u->tries < UPDATE_MAX_TRIES)
        return UPDATE_WAITS;
    u->why = arena_fmt(a, "%.*s; and %.*s cannot be installed again: %.*s", STR(u->why),
                       STR(u->old.version), STR(why));
    return finish(u, ports, UPDATE_STUCK);
}

/* Outcome UPDATE_FAILED: it cannot be started, or was not heard in time. */
static int look(struct arena *a, struct update *u, const struct update_ports *ports,
                const struct update_side *side, msec now, struct str *ret_why)
{
    if (!u->has_looked_in) {
        PASS(ports->start(ports->context, u, a, ret_why));
        u->has_looked_in = true;
    }
    if (ports->is_heard(ports->context, side->version))
        return 0;
    if (now < u->deadline)
        return UPDATE_WAITS;
    *ret_why = arena_fmt(a, "%.*s did not reach the plane within %lld seconds of its start",
                         STR(side->version), (long long)(u->patience / MSEC_SECOND));
    return UPDATE_FAILED;
}

int update_advance(struct arena *a, struct update *u, const struct update_ports *ports, msec now)
{
    struct str why = S("");
    int looked;

    switch (u->phase) {
    case UPDATE_READY:
        return install_new(a, u, ports, now);
    case UPDATE_INSTALLING: /* by a process that is no more */
        return take_back(
            u, ports,
            arena_fmt(a, "the installation of %.*s was interrupted", STR(u->new.version)));
    case UPDATE_WATCHING:
        looked = look(a, u, ports, &u->new, now, &why);
        if (looked == UPDATE_FAILED)
            return take_back(u, ports, why);
        PASS(looked);
        return finish(u, ports, UPDATE_DONE);
    case UPDATE_TAKING_BACK:
        return install_old(a, u, ports, now);
    case UPDATE_WATCHING_BACK:
        looked = look(a, u, ports, &u->old, now, &why);
        if (looked == UPDATE_FAILED)
            return finish(u, ports, UPDATE_UNHEARD);
        PASS(looked);
        return finish(u, ports, UPDATE_TAKEN_BACK);
    case UPDATE_OVER:
    case UPDATE_PHASES:
        break;
    }
    return 0;
}

void update_resume(struct update *u, msec now)
{
    u->has_looked_in = false;
    u->retry_at = 0;
    if (u->phase == UPDATE_WATCHING || u->phase == UPDATE_WATCHING_BACK)
        u->deadline = now + u->patience;
}

struct str update_tell(struct arena *a, const struct update *u)
{
    switch (u->end) {
    case UPDATE_DONE:
        return arena_fmt(a, "updated from %.*s to %.*s", STR(u->old.version), STR(u->new.version));
    case UPDATE_TAKEN_BACK:
        return arena_fmt(a, "%.*s was taken back, %.*s runs again: %.*s", STR(u->new.version),
                         STR(u->old.version), STR(u->why));
    case UPDATE_UNHEARD:
        return arena_fmt(a,
                         "%.*s was taken back, %.*s is installed again but has not reached the "
                         "plane yet either: %.*s",
                         STR(u->new.version), STR(u->old.version), STR(u->why));
    case UPDATE_STUCK:
        return arena_fmt(a, "%.*s failed and could not be taken back: %.*s", STR(u->new.version),
                         STR(u->why));
    case UPDATE_UNDECIDED:
    case UPDATE_ENDS:
        break;
    }
    return arena_fmt(a, "the update to %.*s is under way", STR(u->new.version));
}

/* --- the record --------------------------------------------------------------- */

static struct value *side_to_value(struct arena *a, const struct update_side *side)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("version"), side->version);
    value_set_str(a, v, S("file"), side->file);
    value_set_str(a, v, S("sum"), side->sum);
    return v;
}

struct value *update_to_value(struct arena *a, const struct update *u)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("phase"), str_of(phase_names[u->phase]));
    value_set_str(a, v, S("end"), str_of(end_names[u->end]));
    value_set(a, v, S("old"), side_to_value(a, &u->old));
    value_set(a, v, S("new"), side_to_value(a, &u->new));
    value_set_str(a, v, S("family"), u->family);
    value_set(a, v, S("argv"), value_strings(a, u->argv));
    value_set(a, v, S("env"), value_strings(a, u->env));
    value_set_bool(a, v, S("systemd"), u->has_systemd);
    value_set_int(a, v, S("patience"), u->patience);
    value_set_int(a, v, S("tries"), u->tries);
    value_set_str(a, v, S("why"), str_or_empty(u->why));
    return v;
}

static bool find_name(const char *const *names, int count, struct str name, int *ret)
{
    for (int i = 0; i < count; i++)
        if (str_eq(name, str_of(names[i]))) {
            *ret = i;
            return true;
        }
    return false;
}

static bool side_from_value(const struct value *v, struct update_side *ret)
{
    *ret = (struct update_side){
        .version = value_get_str(v, S("version")),
        .file = value_get_str(v, S("file")),
        .sum = value_get_str(v, S("sum")),
    };
    return !str_is_empty(ret->version) && !str_is_empty(ret->file) && !str_is_empty(ret->sum) &&
           str_find(ret->file, '/') < 0;
}

static bool strings_from_value(struct arena *a, const struct value *v, struct strs *ret)
{
    *ret = (struct strs){ arena_array(a, struct str, value_count(v) + 1), value_count(v) };
    for (size_t i = 0; i < ret->count; i++) {
        ret->items[i] = value_str(value_at(v, i));
        if (!str_is_set(ret->items[i]) || memchr(ret->items[i].p, '\0', ret->items[i].len))
            return false;
    }
    return value_is(v, VALUE_LIST);
}

bool update_from_value(struct arena *a, const struct value *v, struct update *ret)
{
    int phase, end;

    *ret = (struct update){
        .family = value_get_str(v, S("family")),
        .has_systemd = value_get_bool(v, S("systemd"), false),
        .patience = value_get_int(v, S("patience"), 0),
        .tries = value_get_int(v, S("tries"), 0),
        .why = value_get_str(v, S("why")),
    };
    if (!find_name(phase_names, UPDATE_PHASES, value_get_str(v, S("phase")), &phase) ||
        !find_name(end_names, UPDATE_ENDS, value_get_str(v, S("end")), &end) ||
        !side_from_value(value_get(v, S("old")), &ret->old) ||
        !side_from_value(value_get(v, S("new")), &ret->new) ||
        !strings_from_value(a, value_get(v, S("argv")), &ret->argv) ||
        !strings_from_value(a, value_get(v, S("env")), &ret->env) || ret->patience <= 0)
        return false;
    ret->phase = (enum update_phase)phase;
    ret->end = (enum update_end)end;
    return true;
}
