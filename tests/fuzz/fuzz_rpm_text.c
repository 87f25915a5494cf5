/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a configuration of dnf or zypper, a state of modules, a lock, and what they
 * printed. */
#include "patch/rpm/dnf.h"
#include "patch/rpm/dnf_config.h"
#include "patch/rpm/modules.h"
#include "patch/rpm/nevra.h"
#include "patch/rpm/zypp_config.h"
#include "patch/rpm/zypper.h"

#include "fuzz.h"

static void read_ini(struct arena *a, struct str text)
{
    struct ini ini = { 0 };

    ini_add(a, text, &ini);
    for (size_t i = 0; i < ini.count; i++) {
        assert(ini.items[i].value.len <= text.len);
        assert(ini_list(a, ini.items[i].value).count <= text.len);
        (void)ini_bool(ini.items[i].value, true);
    }
    if (ini.count > 0)
        assert(str_is_set(ini_get(&ini, ini.items[0].section, ini.items[0].key)));
}

static void read_modules(struct arena *a, struct str text)
{
    struct modules m = { 0 };
    struct str why = { 0 };
    int result;

    modules_add_state(a, &m, text);
    result = modules_resolve(a, &m, text, &why);
    assert(result == 0 || (result == MODULES_UNRESOLVED && why.len > 0));
}

static void read_zypper(struct arena *a, struct str text)
{
    struct rpm_vendor vendor = { .beginning = text };
    struct rpm_config config = { .vendors = &vendor, .n_vendors = 1 };
    struct zypper_solvable s;
    struct str why = { 0 }, rest = text, section = { 0 };
    int result = zypp_locks_parse(a, text, &config, &why);

    assert(result == 0 || (result == RPM_CONFIG_BAD && why.len > 0));
    assert(config.n_locks <= text.len);
    assert(zypp_vendors_agree(&config, text, text));
    while (zypper_output_next(&rest, &section, &s))
        assert(s.name.len + s.edition.len <= 2 * text.len);
    assert(zypper_output_reason(a, text, S("bash")).len <= text.len);
    assert(zypper_output_reason(a, text, (struct str){ 0 }).len <= text.len);
    (void)zypper_has_mark(text, S("bash"));
}

static void read_dnf(struct str text)
{
    struct str section = { 0 };
    struct hand_brought in;

    while (dnf_output_next(&text, &section, &in))
        assert(in.name.len > 0 && in.arch.len > 0 && in.version.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = { 0 };
    struct str text = { (const char *)data, size }, line, rest = text;
    struct ini_option var = { .key = S("releasever"), .value = S("9") };
    const struct dnf_vars vars = { .items = &var, .count = 1 };
    struct nevra n = nevra_of(S("bash"), text, S("noarch"));

    assert(n.version.len + n.release.len + n.epoch.len <= size + 1);
    (void)nevra_is_spelled(S("bash-*"), &n);
    n = nevra_of(S("bash"), S("5-1"), S("noarch"));
    for (int form = 0; form < NEVRA_FORMS; form++) {
        struct nevra wanted;

        if (nevra_parse(text, (enum nevra_form)form, &wanted)) {
            assert(wanted.name.len > 0 && wanted.name.len <= size);
            if (size < 200) /* what wildcards cost is bounded by the pattern */
                (void)nevra_fits(&wanted, &n);
        }
    }
    assert(nevra_name(text).len <= size);
    read_ini(&a, text);
    read_modules(&a, text);
    read_zypper(&a, text);
    assert(dnf_substitute(&a, &vars, text).len <= size);
    assert(dnf_output_stranger(text, (struct strs){ 0 }).len <= size);
    read_dnf(text);
    while (str_next(&rest, '\n', &line))
        (void)(dnf_output_brings(text, line, S("0:1-1")) || dnf_output_removes(text, line));
    assert(dnf_output_reason(&a, text, S("bash")).len <= size);
    assert(dnf_output_reason(&a, text, (struct str){ 0 }).len <= size);
    arena_done(&a);
    return 0;
}
