/* SPDX-License-Identifier: Apache-2.0 */
/* From what a module shows of a host to the facts of its packages. */
#include "patch/provider.h"

#include <stdlib.h>

#include "patch/module_load.h"

struct collector {
    struct arena *arena;
    const struct scan_request *request;
    char arch_mark;
    struct packages packages;
    struct str arches[16]; /* names of architectures are few and repeated */
    size_t n_arches;
};

static struct str text(const char *s)
{
    return str_of(s ? s : "");
}

static struct strs list_of(struct arena *a, const char *const *items)
{
    struct strs list = { 0 };

    if (!items)
        return list;
    while (items[list.count])
        list.count++;
    list.items = arena_array(a, struct str, list.count + 1);
    for (size_t i = 0; i < list.count; i++)
        list.items[i] = arena_dup(a, str_of(items[i]));
    return list;
}

static struct patch_notices notices_of(struct arena *a, const struct module_version *v)
{
    struct patch_notices list = { arena_array(a, struct patch_notice, v->n_notices + 1),
                                  v->n_notices };

    for (size_t i = 0; i < v->n_notices; i++)
        list.items[i] = (struct patch_notice){
            .id = arena_dup(a, str_of(v->notices[i].id)),
            .classification = arena_dup(a, text(v->notices[i].classification)),
            .severity = arena_dup(a, text(v->notices[i].severity)),
            .updated_at = (msec)v->notices[i].updated_at * MSEC_SECOND,
        };
    return list;
}

static struct patch_version view_of(struct arena *a, const struct module_version *v)
{
    return (struct patch_version){
        .version = str_of(v->version),
        .origin = text(v->origin),
        .security = v->security,
        .priority = text(v->priority),
        .section = text(v->section),
        .classification = text(v->classification),
        .severity = text(v->severity),
        .cves = list_of(a, v->cves),
        .bugs = list_of(a, v->bugs),
        .notices = notices_of(a, v),
        .released_at = (msec)v->released_at * MSEC_SECOND,
    };
}

static struct patch_version copy_of(struct arena *a, const struct module_version *v)
{
    struct patch_version copy = view_of(a, v);

    copy.version = arena_dup(a, copy.version);
    copy.origin = arena_dup(a, copy.origin);
    copy.priority = arena_dup(a, copy.priority);
    copy.section = arena_dup(a, copy.section);
    copy.classification = arena_dup(a, copy.classification);
    copy.severity = arena_dup(a, copy.severity);
    return copy;
}

static struct str keep_arch(struct collector *c, const char *arch)
{
    struct str s = str_of(arch);

    for (size_t i = 0; i < c->n_arches; i++)
        if (str_eq(c->arches[i], s))
            return c->arches[i];
    s = arena_dup(c->arena, s);
    if (c->n_arches < ARRAY_LEN(c->arches))
        c->arches[c->n_arches++] = s;
    return s;
}

static void tell_absent(struct collector *c, const struct module_package *p)
{
    struct arena a = { 0 };
    const struct patch_facts facts = {
        .name = str_of(p->name),
        .arch = str_of(p->candidate.arch),
        .product = c->request->host->product,
        .candidate = view_of(&a, &p->candidate),
    };

    c->request->absent(c->request->context, &facts);
    arena_done(&a);
}

static void add_update(struct collector *c, const struct module_package *p, struct package *ret)
{
    if (!p->has_update) {
        ret->facts.candidate = ret->facts.installed;
        return;
    }
    ret->facts.candidate = copy_of(c->arena, &p->candidate);
    if (p->becomes)
        ret->new_name = arena_dup(c->arena, str_of(p->becomes));
    ret->new_arch = keep_arch(c, p->candidate.arch);
}

static void collect(void *context, const struct module_package *p)
{
    struct collector *c = context;
    struct packages *all = &c->packages;
    struct package *package;

    if (!p->installed.version) {
        tell_absent(c, p);
        return;
    }
    all->items = ARENA_GROW(c->arena, all->items, all->count, &all->capacity);
    package = &all->items[all->count++];
    *package = (struct package){
        .manager_name = arena_fmt(c->arena, "%s%c%s", p->name, c->arch_mark, p->arch),
        .installed_at = (msec)p->installed_at * MSEC_SECOND,
        .facts = {
            .name = arena_dup(c->arena, str_of(p->name)),
            .arch = keep_arch(c, p->installed.arch),
            .product = c->request->host->product,
            .installed = copy_of(c->arena, &p->installed),
            .has_update = p->has_update,
            .hidden = arena_dup(c->arena, str_of(p->hidden)),
            .held = p->held,
            .phased = p->phased,
            .broken = p->broken,
        },
    };
    package->new_name = package->facts.name;
    package->new_arch = package->facts.arch;
    add_update(c, p, package);
}

static int by_name(const void *left, const void *right)
{
    const struct package *a = left, *b = right;
    int order = str_cmp(a->facts.name, b->facts.name);

    return order != 0 ? order : str_cmp(a->facts.arch, b->facts.arch);
}

static int use_module(struct arena *a, const struct provider *provider, const struct module **ret,
                      struct str *ret_why)
{
    int result = module_load(a, provider->module, ret, ret_why);

    return result == MODULE_UNUSABLE ? (int)PROVIDER_FAILED : result;
}

static struct module_request question_of(struct arena *a, const struct scan_request *request)
{
    const struct host *host = request->host;

    return (struct module_request){
        .root = arena_cstr(a, host->root),
        .cache_dir = request->cache_dir.p ? arena_cstr(a, request->cache_dir) : NULL,
        .id = arena_cstr(a, host->id),
        .codename = arena_cstr(a, host->codename),
        .platform = arena_cstr(a, host->platform),
        .sources_dir = host->sources_dir,
        .absent_too = request->absent != NULL,
    };
}

int provider_scan(struct arena *a, const struct provider *provider,
                  const struct scan_request *request, struct packages *ret, struct str *ret_why)
{
    struct collector c = { .arena = a, .request = request, .arch_mark = provider->arch_mark };
    const struct module *module;
    char why[1024] = "";
    struct module_request asked = question_of(a, request);

    asked.visit = collect;
    asked.context = &c;
    asked.n_security_sources = &c.packages.n_security_sources;
    PASS(use_module(a, provider, &module, ret_why));
    if (!module->scan(&asked, why, sizeof(why))) {
        *ret_why = arena_dup(a, str_of(why));
        return PROVIDER_FAILED;
    }
    if (c.packages.count > 0)
        qsort(c.packages.items, c.packages.count, sizeof(*c.packages.items), by_name);
    *ret = c.packages;
    return 0;
}

static struct module_change *module_changes(struct arena *a, const struct change_request *request)
{
    struct module_change *changes = arena_array(a, struct module_change, request->count + 1);

    for (size_t i = 0; i < request->count; i++) {
        const struct change *change = &request->changes[i];

        changes[i].name = arena_cstr(a, change->manager_name);
        changes[i].new_name = arena_cstr(a, change->new_name);
        changes[i].new_arch = arena_cstr(a, change->new_arch);
        changes[i].version = str_is_set(change->to) ? arena_cstr(a, change->to) : NULL;
    }
    return changes;
}

bool provider_measure(struct arena *a, const struct provider *provider,
                      const struct scan_request *scan, const struct change_request *request,
                      struct provider_space *ret)
{
    const struct module_request asked = question_of(a, scan);
    const struct module_change *changes = module_changes(a, request);
    struct module_space space;
    const struct module *module;
    struct str why;
    char reason[512];

    if (module_load(a, provider->module, &module, &why) != 0 || !module->measure)
        return false;
    if (!module->measure(&asked, changes, request->count, &space, reason, sizeof(reason)))
        return false;
    *ret = (struct provider_space){
        .archive_dir = arena_cstr(a, str_of(space.archive_dir)),
        .archives = space.archives,
        .growth = space.growth,
        .largest = space.largest,
        .n_kernels = space.n_kernels,
    };
    return true;
}

void changes_add(struct arena *a, struct changes *changes, const struct change *change)
{
    changes->items = ARENA_GROW(a, changes->items, changes->count, &changes->capacity);
    changes->items[changes->count++] = *change;
}

struct change *change_find(struct change *changes, size_t count, struct str name, struct str arch)
{
    for (size_t i = 0; i < count; i++) {
        struct change *c = &changes[i];

        if ((str_eq(c->name, name) && str_eq(c->arch, arch)) ||
            (str_eq(c->new_name, name) && str_eq(c->new_arch, arch)))
            return c;
    }
    return NULL;
}

struct str change_needs_held(struct arena *a, const struct change *along)
{
    bool is_explained = str_is_set(along->failure);

    return arena_fmt(a, "it needs %.*s, which this run has pinned at %.*s%s%.*s", STR(along->name),
                     STR(along->to), is_explained ? ": " : "",
                     STR(is_explained ? along->failure : S("")));
}

int provider_find_marks(struct arena *a, const struct provider *provider,
                        struct change_request *request, struct str *ret_why)
{
    struct module_change *changes = module_changes(a, request);
    const struct module *module;
    char why[512] = "";

    PASS(use_module(a, provider, &module, ret_why));
    if (module->read_marks && !module->read_marks(changes, request->count, why, sizeof(why))) {
        *ret_why = arena_dup(a, str_of(why));
        return PROVIDER_FAILED;
    }
    for (size_t i = 0; i < request->count; i++)
        if (changes[i].automatic)
            request->changes[i].mark = request->changes[i].manager_name;
    return 0;
}

int provider_restore_marks(struct arena *a, const struct provider *provider, struct strs names,
                           struct str *ret_why)
{
    const char **list = arena_array(a, const char *, names.count + 1);
    const struct module *module;
    char why[512] = "";

    for (size_t i = 0; i < names.count; i++)
        list[i] = arena_cstr(a, names.items[i]);
    PASS(use_module(a, provider, &module, ret_why));
    if (module->restore_marks && !module->restore_marks(list, names.count, why, sizeof(why))) {
        *ret_why = arena_dup(a, str_of(why));
        return PROVIDER_FAILED;
    }
    return 0;
}

const struct provider *provider_find(enum patch_family family)
{
    static const struct provider *const providers[] = { &provider_apt, &provider_rpm,
                                                        &provider_zypper };

    for (size_t i = 0; i < ARRAY_LEN(providers); i++)
        if (providers[i]->family == family)
            return providers[i];
    return NULL;
}
