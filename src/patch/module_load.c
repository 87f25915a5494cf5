/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/module_load.h"

#include <dlfcn.h>
#include <unistd.h>

#include "sys/file.h"

#define STRINGIFY_IT(x) #x
#define STRINGIFY(x)    STRINGIFY_IT(x)

static int program_dir(struct arena *a, struct str *ret)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

    if (n < 0)
        return FAULT(errno);
    *ret = arena_dup(a, (struct str){ path, (size_t)n });
    *ret = str_slice(*ret, 0, (size_t)str_rfind(*ret, '/'));
    return 0;
}

static int find(struct arena *a, const char *name, const char **ret, struct str *ret_why)
{
    struct str dir;

    TRY(program_dir(a, &dir));
    const char *const places[] = {
        arena_fmt(a, "%.*s/patchbay-%s.so", STR(dir), name).p,
        arena_fmt(a, "%.*s/../lib/patchbay/patchbay-%s.so", STR(dir), name).p,
    };

    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (file_exists(places[i])) {
            *ret = places[i];
            return 0;
        }
    *ret_why = arena_fmt(a, "this host needs the module patchbay-%s.so, which is not in %s", name,
                         places[1]);
    return MODULE_UNUSABLE;
}

int module_load(struct arena *a, const char *name, const struct module **ret, struct str *ret_why)
{
    const struct module *module;
    const char *path = NULL;
    void *library;

    PASS(find(a, name, &path, ret_why));
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        *ret_why = arena_fmt(a, "the module cannot be loaded: %s", dlerror());
        return MODULE_UNUSABLE;
    }
    module = dlsym(library, STRINGIFY(MODULE_SYMBOL));
    if (!module || module->abi != MODULE_ABI || module->size != sizeof(struct module_package)) {
        *ret_why = arena_fmt(a, "%s is of another version than this program", path);
        return MODULE_UNUSABLE;
    }
    *ret = module;
    return 0;
}
