/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/state.h"

#include "base/json.h"
#include "base/time.h"
#include "sys/file.h"

static const char *const phases[] = {
    [RUN_NONE] = "none",
    [RUN_INSTALLING] = "installing",
    [RUN_REBOOTING] = "rebooting",
    [RUN_DONE] = "done",
};

static enum run_phase phase_parse(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(phases); i++)
        if (str_eq(name, str_of(phases[i])))
            return (enum run_phase)i;
    return RUN_NONE;
}

static msec time_of(const struct value *v, struct str key)
{
    msec t;

    return time_parse_iso(value_get_str(v, key), &t) ? t : 0;
}

static void set_time(struct arena *a, struct value *v, struct str key, msec t)
{
    value_set_str(a, v, key, t ? time_iso_ms(a, t) : S(""));
}

/* ---- reading ---- */

static struct str text_of(const struct value *v, struct str key)
{
    struct str s = value_get_str(v, key);

    return str_or_empty(s);
}

static struct str text_or(const struct value *v, struct str key, struct str otherwise)
{
    struct str s = value_get_str(v, key);

    return str_is_set(s) ? s : otherwise;
}

static void read_package(const struct value *v, struct state_package *ret)
{
    ret->name = text_of(v, S("name"));
    ret->arch = text_of(v, S("arch"));
    ret->version = text_of(v, S("version"));
    ret->boot_id = text_of(v, S("bootId"));
    ret->installed_at = time_of(v, S("installedTime"));
}

static void read_run(struct arena *a, const struct value *v, struct state_run *ret)
{
    const struct value *changes = value_get(v, S("changes"));
    size_t count = value_count(changes);

    ret->phase = phase_parse(text_of(v, S("phase")));
    ret->execution_id = text_of(v, S("executionId"));
    ret->snapshot_id = text_of(v, S("snapshotId"));
    ret->reboot_option = text_of(v, S("rebootOption"));
    ret->boot_id = text_of(v, S("bootId"));
    ret->started_at = time_of(v, S("startedTime"));
    ret->n_installed = (size_t)value_get_int(v, S("installed"), 0);
    ret->health = value_get(v, S("health"));
    ret->changes = arena_array(a, struct change, count + 1);
    for (size_t i = 0; i < count && i < STATE_MAX_PACKAGES; i++) {
        const struct value *change = value_at(changes, i);

        ret->changes[ret->n_changes++] = (struct change){
            .name = text_of(change, S("name")),
            .arch = text_of(change, S("arch")),
            .new_name = text_or(change, S("newName"), text_of(change, S("name"))),
            .new_arch = text_or(change, S("newArch"), text_of(change, S("arch"))),
            .from = text_of(change, S("from")),
            .to = text_of(change, S("to")),
            .failure = value_get_str(change, S("failure")),
        };
    }
}

static void read_outcome(const struct value *v, struct state_last *ret)
{
    if (!v)
        return;
    ret->execution_id = text_of(v, S("executionId"));
    ret->operation = text_of(v, S("operation"));
    ret->n_missing = (size_t)value_get_int(v, S("missing"), 0);
    ret->n_failed = (size_t)value_get_int(v, S("failed"), 0);
    ret->n_pending = (size_t)value_get_int(v, S("pendingReboot"), 0);
}

int state_load(struct arena *a, const char *path, struct state *ret)
{
    struct state state = { 0 };
    struct value *doc, *packages;
    struct str text;
    int result = file_read(a, path, STATE_MAX_BYTES, &text);

    if (result == FILE_ABSENT) {
        *ret = state;
        return 0;
    }
    if (result == FILE_TOO_LARGE)
        return STATE_MALFORMED;
    TRY(result);
    if (json_parse(a, text, &doc, NULL) != 0 || !value_is(doc, VALUE_MAP))
        return STATE_MALFORMED;

    packages = value_get(doc, S("packages"));
    state.packages = arena_array(a, struct state_package, value_count(packages) + 1);
    for (size_t i = 0; i < value_count(packages) && i < STATE_MAX_PACKAGES; i++)
        read_package(value_at(packages, i), &state.packages[state.n_packages++]);
    state.last_no_reboot_install_at = time_of(doc, S("lastNoRebootInstallOperationTime"));
    state.sent_hash = value_get_str(doc, S("sentHash"));
    read_run(a, value_get(doc, S("run")), &state.run);
    read_outcome(value_get(doc, S("last")), &state.last);
    *ret = state;
    return 0;
}

/* ---- writing ---- */

static struct value *format_package(struct arena *a, const struct state_package *p)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("name"), p->name);
    value_set_str(a, v, S("arch"), p->arch);
    value_set_str(a, v, S("version"), p->version);
    value_set_str(a, v, S("bootId"), p->boot_id);
    set_time(a, v, S("installedTime"), p->installed_at);
    return v;
}

static struct value *format_run(struct arena *a, const struct state_run *run)
{
    struct value *v = value_map(a);
    struct value *changes = value_list(a);

    value_set_str(a, v, S("phase"), str_of(phases[run->phase]));
    value_set_str(a, v, S("executionId"), run->execution_id);
    value_set_str(a, v, S("snapshotId"), run->snapshot_id);
    value_set_str(a, v, S("rebootOption"), run->reboot_option);
    value_set_str(a, v, S("bootId"), run->boot_id);
    set_time(a, v, S("startedTime"), run->started_at);
    value_set_int(a, v, S("installed"), (int64_t)run->n_installed);
    for (size_t i = 0; i < run->n_changes; i++) {
        struct value *change = value_map(a);

        value_set_str(a, change, S("name"), run->changes[i].name);
        value_set_str(a, change, S("arch"), run->changes[i].arch);
        value_set_str(a, change, S("from"), run->changes[i].from);
        value_set_str(a, change, S("to"), run->changes[i].to);
        if (!str_eq(run->changes[i].new_name, run->changes[i].name))
            value_set_str(a, change, S("newName"), run->changes[i].new_name);
        if (!str_eq(run->changes[i].new_arch, run->changes[i].arch))
            value_set_str(a, change, S("newArch"), run->changes[i].new_arch);
        if (str_is_set(run->changes[i].failure))
            value_set_str(a, change, S("failure"), run->changes[i].failure);
        value_append(a, changes, change);
    }
    value_set(a, v, S("changes"), changes);
    if (run->health)
        value_set(a, v, S("health"), run->health);
    return v;
}

static struct value *format_outcome(struct arena *a, const struct state_last *last)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("executionId"), last->execution_id);
    value_set_str(a, v, S("operation"), last->operation);
    value_set_int(a, v, S("missing"), (int64_t)last->n_missing);
    value_set_int(a, v, S("failed"), (int64_t)last->n_failed);
    value_set_int(a, v, S("pendingReboot"), (int64_t)last->n_pending);
    return v;
}

int state_save(struct arena *a, const char *path, const struct state *state)
{
    struct value *doc = value_map(a);
    struct value *packages = value_list(a);

    for (size_t i = 0; i < state->n_packages; i++)
        value_append(a, packages, format_package(a, &state->packages[i]));
    set_time(a, doc, S("lastNoRebootInstallOperationTime"), state->last_no_reboot_install_at);
    if (str_is_set(state->sent_hash))
        value_set_str(a, doc, S("sentHash"), state->sent_hash);
    value_set(a, doc, S("run"), format_run(a, &state->run));
    if (str_is_set(state->last.operation))
        value_set(a, doc, S("last"), format_outcome(a, &state->last));
    value_set(a, doc, S("packages"), packages);
    return file_write(path, json_format_pretty(a, doc), 0600);
}

/* ---- asking and telling ---- */

static const struct state_package *find(const struct state *state, const struct patch_facts *f)
{
    for (size_t i = 0; i < state->n_packages; i++) {
        const struct state_package *p = &state->packages[i];

        if (str_eq(p->name, f->name) && str_eq(p->arch, f->arch))
            return p;
    }
    return NULL;
}

bool state_is_pending(const struct state *state, const struct host *host,
                      const struct patch_facts *f)
{
    const struct state_package *p = find(state, f);

    return p && !str_is_empty(p->boot_id) && str_eq(p->boot_id, host->boot_id) &&
           str_eq(p->version, f->installed.version);
}

void state_installed(struct arena *a, struct state *state, const struct host *host,
                     const struct patch_facts *f, msec now)
{
    struct state_package *known = (struct state_package *)find(state, f);

    if (!known) {
        struct state_package *more = arena_array(a, struct state_package, state->n_packages + 1);

        if (state->n_packages >= STATE_MAX_PACKAGES)
            return;
        if (state->n_packages > 0)
            memcpy(more, state->packages, state->n_packages * sizeof(*more));
        state->packages = more;
        known = &state->packages[state->n_packages++];
    }
    *known = (struct state_package){
        .name = f->name,
        .arch = f->arch,
        .version = f->installed.version,
        .boot_id = host->boot_id,
        .installed_at = now,
    };
}

static bool is_there(const struct packages *packages, const struct state_package *p)
{
    for (size_t i = 0; i < packages->count; i++) {
        const struct patch_facts *f = &packages->items[i].facts;

        if (str_eq(f->name, p->name) && str_eq(f->arch, p->arch))
            return str_eq(f->installed.version, p->version);
    }
    return false;
}

void state_prune(struct state *state, const struct packages *packages)
{
    size_t kept = 0;

    for (size_t i = 0; i < state->n_packages; i++)
        if (is_there(packages, &state->packages[i]))
            state->packages[kept++] = state->packages[i];
    state->n_packages = kept;
}
