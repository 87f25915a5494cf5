/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as what /proc, reboot-required.pkgs and systemctl say. */
#include "patch/proc_text.h"

#include <assert.h>

#include "fuzz.h"

static bool is_inside(struct str part, struct str text)
{
    return part.p >= text.p && part.p + part.len <= text.p + text.len;
}

static void look_at_line(struct str line)
{
    struct str path;
    unsigned port;
    int64_t n;

    assert(!proc_deleted_file(line, &path) || (is_inside(path, line) && path.p[0] == '/'));
    assert(!proc_listening_port(line, PROC_TCP, &port) || (port > 0 && port < 65536));
    assert(!proc_listening_port(line, PROC_UDP, &port) || (port > 0 && port < 65536));
    (void)proc_stat_field(line, 22, &n);
    assert(proc_release_cmp(line, line) == 0);
    assert(proc_release_flavour(line).len <= line.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size }, rest = text, line, before = S("");
    struct str unit = proc_unit(text);
    struct strs names = proc_package_names(&a, text, 20), units = proc_unit_names(&a, text, 20);
    int64_t n;

    if (size == 0)
        return 0;
    assert(!str_is_set(unit) || is_inside(unit, text));
    assert(names.count <= 20 && units.count <= 20);
    for (size_t i = 0; i < names.count; i++)
        assert(str_is_word(names.items[i], "+-._:~") && names.items[i].len > 0);
    (void)proc_boot_time(text, &n);
    while (str_next(&rest, '\n', &line)) {
        int order = proc_release_cmp(before, line);

        look_at_line(line);
        assert((order < 0) == (proc_release_cmp(line, before) > 0));
        before = line;
    }
    arena_done(&a);
    return 0;
}
