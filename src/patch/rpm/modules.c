/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/modules.h"

#include <stdlib.h>

static struct module_choice *find_choice(const struct modules *m, struct str module)
{
    for (size_t i = 0; i < m->n_choices; i++)
        if (str_eq(m->choices[i].module, module))
            return &m->choices[i];
    return NULL;
}

static struct module_choice *choice_of(struct arena *a, struct modules *m, struct str module)
{
    struct module_choice *choice = find_choice(m, module);

    if (choice)
        return choice;
    m->choices = ARENA_GROW(a, m->choices, m->n_choices, &m->choices_capacity);
    choice = &m->choices[m->n_choices++];
    *choice = (struct module_choice){ .module = module, .stream = S("") };
    return choice;
}

void modules_add_state(struct arena *a, struct modules *m, struct str text)
{
    struct ini ini = { 0 };

    ini_add(a, text, &ini);
    for (size_t i = 0; i < ini.count; i++) {
        struct str section = ini.items[i].section;
        struct str state = ini_get(&ini, section, S("state"));
        struct str stream = ini_get(&ini, section, S("stream"));

        if (str_eq(state, S("disabled")))
            choice_of(a, m, section)->is_disabled = true;
        else if (str_is_empty(stream))
            continue;
        else if (str_eq(state, S("enabled")) ||
                 ini_bool(ini_get(&ini, section, S("enabled")), false))
            *choice_of(a, m, section) =
                (struct module_choice){ .module = section, .stream = stream, .is_enabled = true };
    }
}

void modules_add_default(struct arena *a, struct modules *m, struct str module, struct str stream)
{
    struct module_choice *choice = choice_of(a, m, module);

    if (choice->is_enabled || choice->is_disabled || str_is_empty(stream))
        return;
    choice->stream = stream;
    choice->is_default = true;
}

void modules_add_stream(struct arena *a, struct modules *m, const struct module_stream *stream)
{
    m->streams = ARENA_GROW(a, m->streams, m->n_streams, &m->streams_capacity);
    m->streams[m->n_streams++] = *stream;
}

/* ---- what is active ---- */

static bool is_chosen(const struct module_choice *choice)
{
    return choice && (choice->is_enabled || choice->is_default);
}

/* "-x" keeps x out and lets the others in, unless some are named to be in. */
static bool allows(struct strs streams, struct str stream)
{
    bool names_some = false;

    for (size_t i = 0; i < streams.count; i++) {
        struct str s = streams.items[i];

        if (str_starts(s, S("-"))) {
            if (str_eq(str_from(s, 1), stream))
                return false;
            continue;
        }
        if (str_eq(s, stream))
            return true;
        names_some = true;
    }
    return !names_some;
}

static bool is_met(const struct modules *m, const struct module_need *need, struct str platform)
{
    const struct module_choice *choice = find_choice(m, need->module);
    struct str module, stream;

    if (str_cut(platform, ':', &module, &stream) && str_eq(module, need->module))
        return allows(need->streams, stream);
    return is_chosen(choice) && allows(need->streams, choice->stream);
}

static bool are_met(const struct modules *m, const struct module_stream *s, struct str platform)
{
    for (size_t i = 0; i < s->n_needs; i++) {
        bool all = true;

        for (size_t n = 0; n < s->needs[i].count && all; n++)
            all = is_met(m, &s->needs[i].items[n], platform);
        if (all)
            return true;
    }
    return s->n_needs == 0;
}

static bool is_of(const struct module_stream *s, const struct module_choice *choice)
{
    return str_eq(s->module, choice->module) && str_eq(s->stream, choice->stream);
}

bool modules_has(const struct modules *m, const struct module_choice *choice)
{
    for (size_t i = 0; i < m->n_streams; i++)
        if (is_of(&m->streams[i], choice))
            return true;
    return false;
}

/* The newest version that can be active; 0 if none can. */
static uint64_t newest(const struct modules *m, const struct module_choice *choice,
                       struct str platform)
{
    uint64_t version = 0;

    for (size_t i = 0; i < m->n_streams; i++) {
        const struct module_stream *s = &m->streams[i];

        if (is_of(s, choice) && s->version >= version && are_met(m, s, platform))
            version = s->version > 0 ? s->version : 1;
    }
    return version;
}

/* A default whose needs are not met is none; taking it away may unmeet others'. */
static void drop_defaults(struct modules *m, struct str platform)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < m->n_choices; i++) {
            struct module_choice *choice = &m->choices[i];

            if (!choice->is_default || newest(m, choice, platform) > 0)
                continue;
            choice->is_default = false;
            again = true;
        }
    }
}

static int by_text(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

/* "name-epoch:version-release.arch" */
static struct str artifact_name(struct str artifact)
{
    for (int dashes = 0; dashes < 2; dashes++) {
        ptrdiff_t dash = str_rfind(artifact, '-');

        artifact = str_slice(artifact, 0, dash < 0 ? 0 : (size_t)dash);
    }
    return artifact;
}

static void collect_names(struct arena *a, struct modules *m)
{
    size_t capacity = 0;

    for (size_t i = 0; i < m->n_streams; i++)
        for (size_t n = 0; m->streams[i].active && n < m->streams[i].artifacts.count; n++) {
            struct str artifact = m->streams[i].artifacts.items[n];

            if (str_ends(artifact, S(".src")) || str_ends(artifact, S(".nosrc")))
                continue;
            m->names.items = ARENA_GROW(a, m->names.items, m->names.count, &capacity);
            m->names.items[m->names.count++] = artifact_name(artifact);
        }
    if (m->names.count > 0)
        qsort(m->names.items, m->names.count, sizeof(*m->names.items), by_text);
}

int modules_resolve(struct arena *a, struct modules *m, struct str platform, struct str *ret_why)
{
    drop_defaults(m, platform);
    for (size_t i = 0; i < m->n_choices; i++) {
        const struct module_choice *choice = &m->choices[i];
        uint64_t version = is_chosen(choice) ? newest(m, choice, platform) : 0;

        if (choice->is_enabled && version == 0) {
            *ret_why =
                arena_fmt(a, "the module %.*s:%.*s is enabled, but %s", STR(choice->module),
                          STR(choice->stream),
                          modules_has(m, choice) ? "what it needs is not" : "no repository has it");
            return MODULES_UNRESOLVED;
        }
        for (size_t n = 0; version > 0 && n < m->n_streams; n++) {
            struct module_stream *s = &m->streams[n];

            s->active = s->active || (is_of(s, choice) && s->version + !s->version == version &&
                                      are_met(m, s, platform));
        }
    }
    collect_names(a, m);
    return 0;
}

bool modules_is_active(const struct modules *m, struct str module, struct str stream)
{
    for (size_t i = 0; i < m->n_streams; i++)
        if (m->streams[i].active && str_eq(m->streams[i].module, module) &&
            str_eq(m->streams[i].stream, stream))
            return true;
    return false;
}
