/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/command.h"

/* Which rows are still to be visited. Rate control starts rows in order, so
 * what is to be released is always one range. */
struct visits {
    uint32_t first, end;
    bool running, open;
};

static int take_effects(const struct command_effects *effects, const struct command_shell *shell,
                        struct visits *visits)
{
    for (uint32_t i = 0; i < effects->count; i++) {
        const struct command_effect *e = &effects->list[i];

        switch (e->type) {
        case COMMAND_EFFECT_VISIT:
            if (visits->first == visits->end)
                visits->first = e->index;
            visits->end = e->index + e->count;
            break;
        case COMMAND_EFFECT_VISIT_RUNNING:
            visits->running = true;
            break;
        case COMMAND_EFFECT_VISIT_OPEN:
            visits->open = true;
            break;
        case COMMAND_EFFECT_SEND:
        case COMMAND_EFFECT_CANCEL:
        case COMMAND_EFFECT_ARM_TIMER:
        case COMMAND_EFFECT_FINISHED:
            TRY(shell->effect(shell->context, e));
            break;
        }
    }
    return 0;
}

static int tell_row(struct command *c, const struct command_event *event,
                    const struct command_shell *shell, struct visits *visits)
{
    struct invocation row, before;
    struct command_effects effects;

    TRY(shell->load(shell->context, event->index, &row));
    before = row;
    command_step(c, &row, event, &effects);
    /* Padding can make for a save too many, never for one too few.
     * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    if (memcmp(&before, &row, sizeof(row)) != 0)
        TRY(shell->save(shell->context, event->index, &row));
    return take_effects(&effects, shell, visits);
}

static int visit_open(struct command *c, bool released, msec now, const struct command_shell *shell,
                      struct visits *visits)
{
    for (uint32_t index = 0;; index++) {
        TRY(shell->next_open(shell->context, index, released, &index));
        if (index >= c->rate.n_targets)
            return 0;
        struct command_event visit = { .type = COMMAND_EVENT_VISIT, .at = now, .index = index };
        TRY(tell_row(c, &visit, shell, visits));
    }
}

static int visit_next(struct command *c, msec now, const struct command_shell *shell,
                      struct visits *visits)
{
    if (visits->first < visits->end) {
        struct command_event visit = { .type = COMMAND_EVENT_VISIT,
                                       .at = now,
                                       .index = visits->first++ };
        return tell_row(c, &visit, shell, visits);
    }
    bool released = !visits->open;
    visits->open = visits->running = false;
    return visit_open(c, released, now, shell, visits);
}

int command_tell(struct command *c, const struct command_event *event,
                 const struct command_shell *shell)
{
    struct visits visits = { 0 };
    struct command_effects effects;

    if (event->type == COMMAND_EVENT_TIMER || event->type == COMMAND_EVENT_CANCEL_ALL) {
        command_step(c, NULL, event, &effects);
        TRY(take_effects(&effects, shell, &visits));
    } else {
        TRY(tell_row(c, event, shell, &visits));
    }
    while (visits.first < visits.end || visits.open || visits.running)
        TRY(visit_next(c, event->at, shell, &visits));
    return 0;
}
