/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/pins.h"

#define PINS_A_CALL 2000 /* of PinPatchVersions */
#define VERSION_MAX 256

static struct value *request_of(struct arena *a, const struct pins *pins,
                                const struct change *changes, size_t n)
{
    struct value *request = value_map(a), *list = value_list(a);

    value_set_str(a, request, S("InstanceId"), pins->plane->instance_id);
    value_set_str(a, request, S("SnapshotId"), pins->snapshot_id);
    for (size_t i = 0; i < n; i++) {
        struct value *v = value_map(a);

        value_set_str(a, v, S("Name"), changes[i].name);
        value_set_str(a, v, S("Architecture"), changes[i].arch);
        value_set_str(a, v, S("Version"), changes[i].to);
        value_append(a, list, v);
    }
    value_set(a, request, S("Packages"), list);
    return request;
}

/* It goes onto a package manager's command line. */
static bool is_version(struct str s)
{
    return s.len > 0 && s.len <= VERSION_MAX && s.p[0] != '-' && str_is_word(s, "+-.:~_^");
}

bool pins_take(struct arena *a, struct pins *pins, const struct value *answer,
               struct change *changes, size_t n)
{
    const struct value *list = value_get(answer, S("Packages"));

    if (!value_is(list, VALUE_LIST) || value_count(list) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct value *v = value_at(list, i);
        struct str pinned = value_get_str(v, S("Version")), by = value_get_str(v, S("InstanceId"));

        if (!str_eq(value_get_str(v, S("Name")), changes[i].name) ||
            !str_eq(value_get_str(v, S("Architecture")), changes[i].arch) || !is_version(pinned))
            return false;
        if (str_eq(pinned, changes[i].to))
            continue;
        pins->differences = ARENA_GROW(a, pins->differences, pins->n_differences, &pins->capacity);
        pins->differences[pins->n_differences++] = (struct pin_difference){
            .name = changes[i].name,
            .arch = changes[i].arch,
            .pinned = arena_dup(a, pinned),
            .offered = changes[i].to,
            .by = str_is_set(by) ? arena_dup(a, by) : S("another node"),
        };
        changes[i].to = pins->differences[pins->n_differences - 1].pinned;
    }
    return true;
}

static int ask(struct arena *a, struct pins *pins, struct change *changes, size_t n,
               struct str *ret_why)
{
    struct plane_error error = { 0 };
    struct value *answer;
    struct str why = S("");
    int result = plane_call_of(a, pins->plane, PLANE_PATCHBAY, "PinPatchVersions",
                               request_of(a, pins, changes, n), &answer, &error, &why);

    if (result < 0)
        TRY(result);
    if (result == 0 && pins_take(a, pins, answer, changes, n))
        return 0;
    *ret_why = arena_fmt(a, "the versions of this run are not known: %.*s",
                         STR(result > 0 ? why : S("the plane's answer is malformed")));
    return PROVIDER_FAILED;
}

static const struct pin_difference *find(const struct pins *pins, const struct change *change)
{
    for (size_t i = 0; i < pins->n_differences; i++)
        if (str_eq(pins->differences[i].name, change->name) &&
            str_eq(pins->differences[i].arch, change->arch))
            return &pins->differences[i];
    return NULL;
}

static int ask_all(struct arena *a, struct pins *pins, struct change *changes, size_t n,
                   struct str *ret_why)
{
    for (size_t i = 0; i < n; i += PINS_A_CALL)
        PASS(ask(a, pins, changes + i, n - i < PINS_A_CALL ? n - i : PINS_A_CALL, ret_why));
    return 0;
}

int pins_hold(struct arena *a, struct pins *pins, struct change *changes, size_t *n_changes,
              struct str *ret_why)
{
    size_t kept = 0;

    PASS(ask_all(a, pins, changes, *n_changes, ret_why));
    for (size_t i = 0; i < *n_changes; i++)
        /* A change to the version that is there is the repair of one, unless a pin made it. */
        if (!str_eq(changes[i].from, changes[i].to) || !find(pins, &changes[i]))
            changes[kept++] = changes[i];
    *n_changes = kept;
    return 0;
}

int pins_find(struct arena *a, const struct pins *pins, const struct provider *provider,
              const struct change_request *plan, struct str *ret_why)
{
    struct change_request request = *plan;
    size_t n = 0;

    if (!provider->find_versions || pins->n_differences == 0)
        return 0;
    request.changes = arena_array(a, struct change, plan->count);
    request.count = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (find(pins, &plan->changes[i]))
            request.changes[request.count++] = plan->changes[i];
    PASS(provider->find_versions(a, &request, ret_why));
    for (size_t i = 0; i < plan->count; i++)
        if (find(pins, &plan->changes[i]))
            plan->changes[i] = request.changes[n++];
    return 0;
}

/* The first node of the run pins its own; what is held already stays so. */
static int hold_more(struct arena *a, struct pins *pins, const struct provider *provider,
                     struct change_request *plan, struct changes *found, struct str *ret_why)
{
    struct changes along = { plan->along, plan->n_along, plan->n_along };
    struct change_request more = *plan;
    size_t n = 0;

    for (size_t i = 0; i < found->count; i++) /* asking again would take back the drift */
        if (!change_find(plan->along, plan->n_along, found->items[i].name, found->items[i].arch))
            found->items[n++] = found->items[i];
    PASS(ask_all(a, pins, found->items, n, ret_why));
    more.changes = found->items;
    more.count = 0;
    for (size_t i = 0; i < n; i++)
        if (find(pins, &found->items[i]))
            found->items[more.count++] = found->items[i];
    if (more.count > 0 && provider->find_versions)
        PASS(provider->find_versions(a, &more, ret_why));
    for (size_t i = 0; i < more.count; i++)
        changes_add(a, &along, &more.changes[i]);
    plan->along = along.items;
    plan->n_along = along.count;
    return 0;
}

int pins_hold_along(struct arena *a, struct pins *pins, const struct provider *provider,
                    struct change_request *plan, struct str *ret_why)
{
    size_t before;

    do { /* an older version may bring along what the newer did not */
        struct changes found;

        before = plan->n_along;
        PASS(provider->find_along(a, plan, &found, ret_why));
        PASS(hold_more(a, pins, provider, plan, &found, ret_why));
        if (plan->n_along > before)
            PASS(provider->simulate(a, plan, ret_why));
    } while (plan->n_along > before);
    return 0;
}

void pins_explain(struct arena *a, const struct pins *pins, struct change *changes,
                  size_t n_changes)
{
    for (size_t i = 0; i < n_changes; i++) {
        const struct pin_difference *d = find(pins, &changes[i]);

        if (d && str_is_set(changes[i].failure))
            changes[i].failure =
                arena_fmt(a, "drift: pinned %.*s by %.*s, the mirror has %.*s: %.*s",
                          STR(d->pinned), STR(d->by), STR(d->offered), STR(changes[i].failure));
    }
}
