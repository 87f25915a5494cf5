/* SPDX-License-Identifier: Apache-2.0 */
/* Debian-family hosts: libapt-pkg for the facts (the module), apt-get for the changes. */
#include <sys/stat.h>

#include "patch/apt/apt_get.h"
#include "patch/provider.h"

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

static int find_marks(struct arena *a, struct change_request *request, struct str *ret_why)
{
    return provider_find_marks(a, &provider_apt, request, ret_why);
}

const struct provider provider_apt = {
    .name = "apt",
    .family = PATCH_FAMILY_APT,
    .module = "apt",
    .arch_mark = ':',
    .use_sources = apt_get_use_sources,
    .refresh = apt_get_refresh,
    .date = date,
    .simulate = apt_get_simulate,
    .find_versions = apt_get_find_versions,
    .find_along = apt_get_find_along,
    .find_marks = find_marks,
    .restore_marks = apt_get_restore_marks,
    .install = apt_get_install,
};
