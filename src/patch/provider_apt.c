/* SPDX-License-Identifier: Apache-2.0 */
/* Debian-family hosts: libapt-pkg for the facts, apt-get for the changes. */
#include <stdlib.h>
#include <sys/stat.h>

#include "patch/apt.h"
#include "patch/apt_get.h"
#include "patch/provider.h"

struct collector {
    struct arena *arena;
    const struct scan_request *request;
    struct packages packages;
    struct str arches[16]; /* names of architectures are few and repeated */
    size_t n_arches;
};

static struct patch_version view_of(const struct apt_version *v)
{
    return (struct patch_version){
        .version = str_of(v->version),
        .origin = str_of(v->origin),
        .security = v->security,
        .priority = str_of(v->priority),
        .section = str_of(v->section),
    };
}

static struct patch_version copy_of(struct arena *a, const struct apt_version *v)
{
    struct patch_version copy = view_of(v);

    copy.version = arena_dup(a, copy.version);
    copy.origin = arena_dup(a, copy.origin);
    copy.priority = arena_dup(a, copy.priority);
    copy.section = arena_dup(a, copy.section);
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

static void tell_absent(struct collector *c, const struct apt_package *p)
{
    const struct patch_facts facts = {
        .name = str_of(p->name),
        .arch = str_of(p->candidate.arch),
        .product = c->request->host->product,
        .candidate = view_of(&p->candidate),
    };

    c->request->absent(c->request->context, &facts);
}

static void collect(void *context, const struct apt_package *p)
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
        .manager_name = arena_fmt(c->arena, "%s:%s", p->name, p->arch),
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
    package->facts.candidate =
        p->has_update ? copy_of(c->arena, &p->candidate) : package->facts.installed;
}

static int by_name(const void *left, const void *right)
{
    const struct package *a = left, *b = right;
    int order = str_cmp(a->facts.name, b->facts.name);

    return order != 0 ? order : str_cmp(a->facts.arch, b->facts.arch);
}

static int scan(struct arena *a, const struct scan_request *request, struct packages *ret,
                struct str *ret_why)
{
    struct collector c = { .arena = a, .request = request };
    char why[512] = "";
    const struct apt_options options = {
        .root = arena_cstr(a, request->host->root),
        .cache_dir = request->cache_dir.p ? arena_cstr(a, request->cache_dir) : NULL,
        .id = arena_cstr(a, request->host->id),
        .codename = arena_cstr(a, request->host->codename),
        .visit = collect,
        .context = &c,
        .absent_too = request->absent != NULL,
        .n_security_sources = &c.packages.n_security_sources,
    };

    if (!apt_scan(&options, why, sizeof(why))) {
        *ret_why = arena_dup(a, str_of(why));
        return PROVIDER_FAILED;
    }
    if (c.packages.count > 0)
        qsort(c.packages.items, c.packages.count, sizeof(*c.packages.items), by_name);
    *ret = c.packages;
    return 0;
}

/* dpkg writes a package's file list when it unpacks it, and only then. */
static void date(struct arena *a, const struct host *host, struct packages *packages)
{
    for (size_t i = 0; i < packages->count; i++) {
        struct package *p = &packages->items[i];
        const char *info = host_path(a, host, "/var/lib/dpkg/info");
        struct stat st;

        if (stat(arena_fmt(a, "%s/%.*s.list", info, STR(p->facts.name)).p, &st) == 0 ||
            stat(arena_fmt(a, "%s/%.*s.list", info, STR(p->manager_name)).p, &st) == 0)
            p->installed_at = (msec)st.st_mtime * MSEC_SECOND;
    }
}

const struct provider provider_apt = {
    .name = "apt",
    .family = PATCH_FAMILY_APT,
    .scan = scan,
    .refresh = apt_get_refresh,
    .date = date,
    .simulate = apt_get_simulate,
    .install = apt_get_install,
};

const struct provider *provider_find(enum patch_family family)
{
    return family == PATCH_FAMILY_APT ? &provider_apt : NULL;
}
