/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/override.h"

#include <stdio.h>

#include "base/yaml.h"

#define TOLD_MAX 5 /* entries: the output of a step is short */

static int malformed(struct arena *a, size_t index, const char *what, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "patches[%zu] %s", index, what);
    return OVERRIDE_MALFORMED;
}

/* "Other keys are ignored." */
static int read_entry(struct arena *a, const struct value *v, size_t index,
                      struct override_entry *ret, struct str *ret_why)
{
    const struct value *title = value_get(v, S("title"));

    ret->id = value_get_str(v, S("id"));
    ret->title = value_is(title, VALUE_NULL) ? (struct str){ 0 } : value_text(a, title);
    if (str_is_empty(ret->id) || ret->id.len > OVERRIDE_MAX_TEXT)
        return malformed(a, index, "has no id", ret_why);
    if (title && !value_is(title, VALUE_NULL) &&
        (!str_is_set(ret->title) || ret->title.len > OVERRIDE_MAX_TEXT))
        return malformed(a, index, "has a title that is no text", ret_why);
    return 0;
}

int override_parse(struct arena *a, struct str text, struct override_list *ret, struct str *ret_why)
{
    struct override_list list = { 0 };
    const struct value *patches;
    struct value *doc;
    int result = yaml_or_json_parse(a, text, &doc, ret_why);

    if (result > 0)
        return OVERRIDE_MALFORMED;
    TRY(result);
    patches = value_get(doc, S("patches"));
    if (!value_is(patches, VALUE_LIST) || value_count(patches) > OVERRIDE_MAX_ENTRIES) {
        *ret_why = arena_fmt(a, "there is no list \"patches\" of at most %d entries",
                             OVERRIDE_MAX_ENTRIES);
        return OVERRIDE_MALFORMED;
    }
    list.entries = arena_array(a, struct override_entry, value_count(patches) + 1);
    for (size_t i = 0; i < value_count(patches); i++)
        PASS(read_entry(a, value_at(patches, i), i, &list.entries[list.count++], ret_why));
    *ret = list;
    return 0;
}

static bool entry_matches(const struct override_entry *entry, const struct patch_facts *f)
{
    char id[OVERRIDE_MAX_TEXT], title[2 * OVERRIDE_MAX_TEXT];
    int id_len = snprintf(id, sizeof(id), "%.*s.%.*s", STR(f->name), STR(f->arch));
    int title_len = snprintf(title, sizeof(title), "%s:%.*s", id, STR(f->candidate.version));

    if (id_len < 0 || (size_t)id_len >= sizeof(id) || title_len < 0 ||
        (size_t)title_len >= sizeof(title))
        return false;
    return str_glob(entry->id, (struct str){ id, (size_t)id_len }) &&
           (!str_is_set(entry->title) ||
            str_glob(entry->title, (struct str){ title, (size_t)title_len }));
}

bool override_matches(const struct override_list *list, const struct patch_facts *f)
{
    for (size_t i = 0; i < list->count; i++)
        if (entry_matches(&list->entries[i], f))
            return true;
    return false;
}

static bool names_an_update(const struct override_entry *entry, const struct packages *packages)
{
    for (size_t i = 0; i < packages->count; i++) {
        const struct patch_facts *f = &packages->items[i].facts;

        if (str_is_set(f->candidate.version) && entry_matches(entry, f))
            return true;
    }
    return false;
}

struct str override_explain(struct arena *a, const struct override_list *list,
                            const struct packages *packages)
{
    struct str text = S("");
    size_t n_idle = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct override_entry *entry = &list->entries[i];
        bool has_title = str_is_set(entry->title);

        if (names_an_update(entry, packages) || n_idle++ >= TOLD_MAX)
            continue;
        text = arena_fmt(a, "%.*sthe list's id %.*s%s%.*s names no update of this host\n",
                         STR(text), STR(entry->id), has_title ? " with the title " : "",
                         STR(has_title ? entry->title : S("")));
    }
    if (n_idle > TOLD_MAX)
        text = arena_fmt(a, "%.*sas do %zu more\n", STR(text), n_idle - TOLD_MAX);
    return text;
}
