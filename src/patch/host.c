/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/host.h"

#include "sys/file.h"

#define OS_RELEASE_MAX ((size_t)64 * 1024)
#define KERNEL_MAX     ((size_t)4 * 1024)

const char *host_path(struct arena *a, const struct host *host, const char *path)
{
    struct str root = host->root;

    while (root.len > 0 && root.p[root.len - 1] == '/')
        root.len--;
    return arena_fmt(a, "%.*s%s", STR(root), path).p;
}

static struct str unquote(struct str s)
{
    s = str_trim(s);
    if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0])
        return str_slice(s, 1, s.len - 2);
    return s;
}

static void read_release(struct host *host, struct str text)
{
    static const struct {
        const char *key;
        size_t offset;
    } members[] = {
        { "ID", offsetof(struct host, id) },
        { "VERSION_ID", offsetof(struct host, version_id) },
        { "VERSION_CODENAME", offsetof(struct host, codename) },
        { "PRETTY_NAME", offsetof(struct host, pretty) },
        { "PLATFORM_ID", offsetof(struct host, platform) },
    };
    struct str line, key, value;

    while (str_next(&text, '\n', &line)) {
        if (!str_cut(str_trim(line), '=', &key, &value))
            continue;
        for (size_t i = 0; i < ARRAY_LEN(members); i++)
            if (str_eq(key, str_of(members[i].key)))
                *(struct str *)((char *)host + members[i].offset) = unquote(value);
    }
}

static int read_boot_id(struct arena *a, struct host *host)
{
    struct str text;

    host->boot_id = S("");
    if (!str_eq(host->root, S("/")))
        return 0;
    if (file_read(a, "/proc/sys/kernel/random/boot_id", 64, &text) == 0)
        host->boot_id = str_trim(text);
    return 0;
}

int host_read(struct arena *a, struct str root, struct host *ret, struct str *ret_why)
{
    struct host host = { .root = root, .id = S(""), .version_id = S(""), .codename = S("") };
    struct str text;

    if (file_read(a, host_path(a, &host, "/etc/os-release"), OS_RELEASE_MAX, &text) != 0 &&
        file_read(a, host_path(a, &host, "/usr/lib/os-release"), OS_RELEASE_MAX, &text) != 0) {
        *ret_why = arena_fmt(a, "%.*s has no os-release file", STR(root));
        return HOST_UNKNOWN;
    }
    read_release(&host, text);
    host.os = patch_os_of_release(host.id, host.version_id);
    if (host.os == PATCH_OS_NONE) {
        *ret_why = arena_fmt(a, "there are no patch baselines for the system \"%.*s %.*s\"",
                             STR(host.id), STR(host.version_id));
        return HOST_UNKNOWN;
    }
    host.product = patch_os_product(a, host.os, host.version_id);
    TRY(read_boot_id(a, &host));
    *ret = host;
    return 0;
}

struct str host_kernel(struct arena *a, const struct host *host)
{
    struct str text;

    if (file_read(a, host_path(a, host, "/proc/sys/kernel/osrelease"), KERNEL_MAX, &text) != 0)
        return S("");
    return str_trim(text);
}
