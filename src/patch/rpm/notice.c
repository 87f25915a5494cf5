/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/notice.h"

#include <stdlib.h>

#include "engine/baseline.h"

static int by_package(const void *left, const void *right)
{
    const struct notice_entry *a = left, *b = right;

    if (a->name != b->name)
        return a->name < b->name ? -1 : 1;
    if (a->evr != b->evr)
        return a->evr < b->evr ? -1 : 1;
    if (a->arch != b->arch)
        return a->arch < b->arch ? -1 : 1;
    return (a->notice > b->notice) - (a->notice < b->notice);
}

/* ---- reading ---- */

/* A collection for streams of modules counts where one of them is active. */
static bool is_applicable(const struct rpm_pool *p, Dataiterator *collection)
{
    bool applies = true;
    Dataiterator di;

    dataiterator_setpos(collection);
    dataiterator_init(&di, p->pool, NULL, SOLVID_POS, UPDATE_MODULE, NULL, 0);
    while (dataiterator_step(&di)) {
        const char *module, *stream;

        dataiterator_setpos(&di);
        module = pool_lookup_str(p->pool, SOLVID_POS, UPDATE_MODULE_NAME);
        stream = pool_lookup_str(p->pool, SOLVID_POS, UPDATE_MODULE_STREAM);
        applies = modules_is_active(&p->modules, str_of(module), str_of(stream));
        if (applies)
            break;
    }
    dataiterator_free(&di);
    return applies;
}

/* Names of packages that are installed or may take the place of one; all where packages that
 * are not installed are looked at too. */
static void find_wanted(const struct rpm_pool *p, Map *names)
{
    Pool *pool = p->pool;
    Id id;

    map_init(names, pool->ss.nstrings);
    if (p->request->absent_too) {
        map_setall(names);
        return;
    }
    FOR_POOL_SOLVABLES(id)
    if (rpm_pool_is_installed(p, id) || pool_id2solvable(pool, id)->obsoletes)
        MAPSET(names, pool_id2solvable(pool, id)->name);
}

static void read_collection(const struct rpm_pool *p, Dataiterator *collection, Id notice,
                            struct notices *n)
{
    Dataiterator di;

    dataiterator_setpos(collection);
    dataiterator_init(&di, p->pool, NULL, SOLVID_POS, UPDATE_COLLECTION, NULL, 0);
    while (dataiterator_step(&di)) {
        Id name;

        dataiterator_setpos(&di);
        name = pool_lookup_id(p->pool, SOLVID_POS, UPDATE_COLLECTION_NAME);
        if (!MAPTST(&n->names, name))
            continue;
        n->entries = ARENA_GROW(p->arena, n->entries, n->count, &n->capacity);
        n->entries[n->count++] = (struct notice_entry){
            .name = name,
            .evr = pool_lookup_id(p->pool, SOLVID_POS, UPDATE_COLLECTION_EVR),
            .arch = pool_lookup_id(p->pool, SOLVID_POS, UPDATE_COLLECTION_ARCH),
            .notice = notice,
        };
    }
    dataiterator_free(&di);
}

void notices_read(const struct rpm_pool *p, struct notices *ret)
{
    struct notices n = { 0 };
    Pool *pool = p->pool;
    Id id;

    find_wanted(p, &n.names);
    FOR_POOL_SOLVABLES(id)
    {
        Dataiterator di;

        if (!str_starts(str_of(pool_id2str(pool, pool_id2solvable(pool, id)->name)), S("patch:")))
            continue;
        dataiterator_init(&di, pool, NULL, id, UPDATE_COLLECTIONLIST, NULL, 0);
        while (dataiterator_step(&di))
            if (is_applicable(p, &di))
                read_collection(p, &di, id, &n);
        dataiterator_free(&di);
    }
    if (n.count > 0)
        qsort(n.entries, n.count, sizeof(*n.entries), by_package);
    map_free(&n.names);
    *ret = n;
}

/* ---- what they say ---- */

/* "security" as filters spell it. */
static const char *capital(const struct rpm_pool *p, const char *word)
{
    char *copy;

    if (!word || !*word)
        return NULL;
    copy = arena_copy(p->arena, word, strlen(word) + 1);
    if (copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    return copy;
}

static int gravity(const char *classification, const char *severity)
{
    static const char *const severities[] = { "Low", "Medium", "Moderate", "Important",
                                              "Critical" };
    int grave = classification && strcmp(classification, "Security") == 0 ? 10 : 0;

    for (size_t i = 0; severity && i < ARRAY_LEN(severities); i++)
        if (strcmp(severity, severities[i]) == 0)
            grave += (int)i + 1;
    return grave;
}

struct names {
    const char **items;
    size_t count, capacity;
};

static void add_name(const struct rpm_pool *p, struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    names->items = ARENA_GROW(p->arena, names->items, names->count, &names->capacity);
    names->items[names->count++] = arena_cstr(p->arena, str_of(name));
}

static const char **end(const struct rpm_pool *p, struct names *names)
{
    names->items = ARENA_GROW(p->arena, names->items, names->count, &names->capacity);
    names->items[names->count] = NULL;
    return names->items;
}

static void add_references(const struct rpm_pool *p, Id notice, struct names *cves,
                           struct names *bugs)
{
    Dataiterator di;

    dataiterator_init(&di, p->pool, NULL, notice, UPDATE_REFERENCE, NULL, 0);
    while (dataiterator_step(&di)) {
        const char *type, *id;

        dataiterator_setpos(&di);
        type = pool_lookup_str(p->pool, SOLVID_POS, UPDATE_REFERENCE_TYPE);
        id = pool_lookup_str(p->pool, SOLVID_POS, UPDATE_REFERENCE_ID);
        if (type && id && strcmp(type, "cve") == 0)
            add_name(p, cves, id);
        else if (type && id && strcmp(type, "bugzilla") == 0)
            add_name(p, bugs, id);
    }
    dataiterator_free(&di);
}

/* libsolv keeps the later one of "issued" and "updated" as the notice's build time. Where it
 * says neither, the package's own counts. */
static struct module_notice read_notice(const struct rpm_pool *p, Id notice, long long built_at)
{
    Solvable *s = pool_id2solvable(p->pool, notice);
    long long at = (long long)solvable_lookup_num(s, SOLVABLE_BUILDTIME, 0);

    return (struct module_notice){
        .id = pool_id2str(p->pool, s->name) + strlen("patch:"),
        .classification = capital(p, solvable_lookup_str(s, SOLVABLE_PATCHCATEGORY)),
        .severity = capital(p, solvable_lookup_str(s, UPDATE_SEVERITY)),
        .updated_at = at > 0 ? at : built_at,
    };
}

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_notice(const struct module_notice *a, const struct module_notice *b)
{
    return strcmp(a->id, b->id) == 0 && a->updated_at == b->updated_at &&
           same_word(a->classification, b->classification) && same_word(a->severity, b->severity);
}

struct notice_list {
    struct module_notice *items;
    size_t count, capacity;
};

/* Several repositories, and several collections of one, may have the very same notice. */
static void add_notice(const struct rpm_pool *p, struct notice_list *list,
                       const struct module_notice *notice)
{
    for (size_t i = 0; i < list->count; i++)
        if (same_notice(&list->items[i], notice))
            return;
    if (list->count == PATCH_NOTICES_MAX)
        return;
    list->items = ARENA_GROW(p->arena, list->items, list->count, &list->capacity);
    list->items[list->count++] = *notice;
}

/* What is shown is the gravest, and of several as grave the latest. */
static void classify(struct module_version *v)
{
    const struct module_notice *gravest = &v->notices[0];

    for (size_t i = 1; i < v->n_notices; i++) {
        const struct module_notice *n = &v->notices[i];
        int more = gravity(n->classification, n->severity) -
                   gravity(gravest->classification, gravest->severity);

        if (more > 0 || (more == 0 && n->updated_at > gravest->updated_at))
            gravest = n;
    }
    v->classification = gravest->classification;
    v->severity = gravest->severity;
    v->released_at = gravest->updated_at;
    v->security = true;
}

static size_t find_first(const struct notices *n, const struct notice_entry *wanted)
{
    size_t low = 0, high = n->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (by_package(&n->entries[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void notices_describe(const struct rpm_pool *p, const struct notices *notices, Id solvable,
                      struct module_version *version)
{
    const Solvable *s = pool_id2solvable(p->pool, solvable);
    const struct notice_entry wanted = { s->name, s->evr, s->arch, 0 };
    struct names cves = { 0 }, bugs = { 0 };
    struct notice_list list = { 0 };

    for (size_t i = find_first(notices, &wanted); i < notices->count; i++) {
        const struct notice_entry *e = &notices->entries[i];
        struct module_notice notice;

        if (e->name != s->name || e->evr != s->evr || e->arch != s->arch)
            break;
        notice = read_notice(p, e->notice, version->released_at);
        add_notice(p, &list, &notice);
        add_references(p, e->notice, &cves, &bugs);
    }
    version->cves = end(p, &cves);
    version->bugs = end(p, &bugs);
    version->notices = list.items;
    version->n_notices = list.count;
    if (list.count > 0)
        classify(version);
}
