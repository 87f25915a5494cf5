/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/inventory.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/time.h"

static void set_text(struct arena *a, struct value *v, struct str key, struct str text)
{
    value_set_str(a, v, key, str_is_set(text) ? str_slice(text, 0, INVENTORY_VALUE_MAX) : S(""));
}

static void set_list(struct arena *a, struct value *v, struct str key, struct strs list)
{
    set_text(a, v, key, arena_join(a, list, S(", ")));
}

static void set_number(struct arena *a, struct value *v, struct str key, size_t n)
{
    value_set_str(a, v, key, arena_fmt(a, "%zu", n));
}

static struct value *host_entry(struct arena *a, const struct inventory *i)
{
    const struct reboot_facts *r = i->reboot;
    struct value *v = value_map(a);

    set_text(a, v, S("Reboot"), str_of(reboot_verdict_name(r->verdict)));
    set_text(a, v, S("RebootReasons"), arena_join(a, r->reasons, S("; ")));
    set_text(a, v, S("RunningKernel"), r->running);
    set_text(a, v, S("NewestKernel"), r->newest);
    set_number(a, v, S("OldCodeUsers"), r->n_stale);
    set_number(a, v, S("ProcessesNotSeen"), r->n_unseen);
    set_text(a, v, S("BootId"), i->health->boot_id);
    set_text(a, v, S("SystemState"),
             str_is_set(i->health->system_state) ? i->health->system_state : S("not known"));
    if (i->health->is_systemd)
        set_list(a, v, S("FailedUnits"), i->health->failed_units);
    else
        set_text(a, v, S("FailedUnits"), S("not known"));
    set_list(a, v, S("ListeningPorts"), i->health->ports);
    return v;
}

static struct value *old_code_entry(struct arena *a, const struct stale_user *user)
{
    struct value *v = value_map(a);

    set_text(a, v, S("Name"), user->name);
    set_text(a, v, S("Kind"), user->is_unit ? S("Unit") : S("Process"));
    set_number(a, v, S("Processes"), user->n_processes);
    set_text(a, v, S("Pids"), user->pids);
    set_list(a, v, S("Files"), user->files);
    return v;
}

static struct value *run_entry(struct arena *a, const struct history_run *run)
{
    struct value *v = value_map(a);

    set_text(a, v, S("RunId"), run->id);
    set_text(a, v, S("Operation"), run->operation);
    set_text(a, v, S("CommandId"), run->execution_id);
    set_text(a, v, S("Undoes"), run->undoes);
    set_text(a, v, S("Started"), time_iso(a, run->started_at));
    set_text(a, v, S("Ended"), run->ended_at ? time_iso(a, run->ended_at) : S("cut off"));
    set_number(a, v, S("Changed"), run->n_changes);
    set_number(a, v, S("Failed"), run->n_failed);
    return v;
}

static struct value *item(struct arena *a, struct str type, msec at, struct value *content)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("TypeName"), type);
    value_set_str(a, v, S("SchemaVersion"), S("1.0"));
    value_set_str(a, v, S("CaptureTime"), time_iso(a, at));
    value_set_str(a, v, S("ContentHash"), sha256_hex(a, json_format(a, content)));
    value_set(a, v, S("Content"), content);
    return v;
}

struct value *inventory_request(struct arena *a, const struct inventory *inventory,
                                struct str instance_id)
{
    struct value *request = value_map(a), *items = value_list(a);
    struct value *host = value_list(a), *old_code = value_list(a), *runs = value_list(a);

    value_append(a, host, host_entry(a, inventory));
    for (size_t i = 0; i < inventory->reboot->n_stale; i++)
        value_append(a, old_code, old_code_entry(a, &inventory->reboot->stale[i]));
    for (size_t i = 0; i < inventory->n_runs; i++)
        value_append(a, runs, run_entry(a, &inventory->runs[i]));
    value_append(a, items, item(a, S("Custom:PatchbayRuns"), inventory->captured_at, runs));
    value_append(a, items, item(a, S("Custom:PatchbayHost"), inventory->captured_at, host));
    value_append(a, items, item(a, S("Custom:PatchbayOldCode"), inventory->captured_at, old_code));
    value_set_str(a, request, S("InstanceId"), instance_id);
    value_set(a, request, S("Items"), items);
    return request;
}

int inventory_send(struct arena *a, struct plane *plane, const struct inventory *inventory,
                   struct str *ret_why)
{
    struct plane_error error = { 0 };
    struct value *answer;

    return plane_call(a, plane, "PutInventory", inventory_request(a, inventory, plane->instance_id),
                      &answer, &error, ret_why);
}
