/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/locations.h"

/* Which pairs are still to be visited: of each location, one range. */
struct visits {
    struct {
        uint32_t first, end;
    } ranges[LOCATIONS_MAX];
    uint32_t n_ranges;
    bool running;
};

static void add_range(struct visits *visits, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < visits->n_ranges; i++)
        if (visits->ranges[i].first < visits->ranges[i].end && visits->ranges[i].end == first) {
            visits->ranges[i].end += count;
            return;
        }
    assert(visits->n_ranges < LOCATIONS_MAX);
    visits->ranges[visits->n_ranges].first = first;
    visits->ranges[visits->n_ranges++].end = first + count;
}

static int take_effects(const struct locations_effects *effects,
                        const struct locations_shell *shell, struct visits *visits)
{
    for (uint32_t i = 0; i < effects->count; i++) {
        const struct locations_effect *e = &effects->list[i];

        switch (e->type) {
        case LOCATIONS_EFFECT_VISIT:
            add_range(visits, e->index, e->count);
            break;
        case LOCATIONS_EFFECT_VISIT_RUNNING:
            visits->running = true;
            break;
        case LOCATIONS_EFFECT_START:
        case LOCATIONS_EFFECT_CANCEL:
        case LOCATIONS_EFFECT_ARM_TIMER:
        case LOCATIONS_EFFECT_FINISHED:
            TRY(shell->effect(shell->context, e));
            break;
        }
    }
    return 0;
}

static int tell_row(struct locations *l, const struct locations_event *event,
                    const struct locations_shell *shell, struct visits *visits)
{
    struct pair_run row, before;
    struct locations_effects effects;

    TRY(shell->load(shell->context, event->index, &row));
    before = row;
    locations_step(l, &row, event, &effects);
    /* Padding can make for a save too many, never for one too few.
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    if (memcmp(&before, &row, sizeof(row)) != 0)
        TRY(shell->save(shell->context, event->index, &row));
    return take_effects(&effects, shell, visits);
}

static int visit_pair(struct locations *l, uint32_t index, msec now,
                      const struct locations_shell *shell, struct visits *visits)
{
    struct locations_event visit = { .type = LOCATIONS_EVENT_VISIT, .at = now, .index = index };

    return tell_row(l, &visit, shell, visits);
}

static int visit_running(struct locations *l, msec now, const struct locations_shell *shell,
                         struct visits *visits)
{
    for (uint32_t index = 0;; index++) {
        TRY(shell->next_running(shell->context, index, &index));
        if (index >= l->n_pairs)
            return 0;
        TRY(visit_pair(l, index, now, shell, visits));
    }
}

static int visit_all(struct locations *l, msec now, const struct locations_shell *shell,
                     struct visits *visits)
{
    /* A visit starts no pair of its own location, so no range is added here. */
    for (uint32_t i = 0; i < visits->n_ranges; i++)
        while (visits->ranges[i].first < visits->ranges[i].end)
            TRY(visit_pair(l, visits->ranges[i].first++, now, shell, visits));
    visits->n_ranges = 0;
    if (visits->running) {
        visits->running = false;
        TRY(visit_running(l, now, shell, visits));
    }
    return 0;
}

int locations_tell(struct locations *l, const struct locations_event *event,
                   const struct locations_shell *shell)
{
    struct visits visits = { 0 };
    struct locations_effects effects;

    if (event->type == LOCATIONS_EVENT_TIMER || event->type == LOCATIONS_EVENT_STOP) {
        locations_step(l, NULL, event, &effects);
        TRY(take_effects(&effects, shell, &visits));
    } else {
        TRY(tell_row(l, event, shell, &visits));
    }
    while (visits.n_ranges > 0 || visits.running)
        TRY(visit_all(l, event->at, shell, &visits));
    return 0;
}
