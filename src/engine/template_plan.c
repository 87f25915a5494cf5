/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tying a template to a stack: what exists, what needs what, in which order,
 * and each resource's properties when its turn comes.
 */
#include "engine/template_internal.h"

/* Who needs whom: a square of resources. */
struct graph {
    size_t n;
    bool *present; /* by resource */
    bool *needs;   /* [who * n + whom] */
};

static struct graph graph_in(struct arena *a, size_t n)
{
    return (struct graph){ n, arena_array(a, bool, n), arena_array(a, bool, n *n) };
}

/* Inverted, the graph says who is needed by whom. */
static bool holds_back(const struct graph *g, size_t who, size_t whom, bool inverted)
{
    return inverted ? g->needs[who * g->n + whom] : g->needs[whom * g->n + who];
}

/* Takes away, round after round, what nothing left holds back. What is in no circle gets
 * its round in `levels` (may be NULL); what remains stays marked in `left`. */
static bool peel(struct arena *a, const struct graph *g, bool *left, bool inverted,
                 unsigned *levels)
{
    size_t *held = arena_array(a, size_t, g->n), *round = arena_array(a, size_t, g->n);
    size_t n_left = 0, n_round = 1;

    for (size_t i = 0; i < g->n; i++) {
        n_left += left[i];
        for (size_t k = 0; k < g->n; k++)
            held[i] += left[i] && left[k] && holds_back(g, k, i, inverted);
    }
    for (unsigned level = 0; n_round > 0; level++) {
        n_round = 0;
        for (size_t i = 0; i < g->n; i++)
            if (left[i] && held[i] == 0)
                round[n_round++] = i;
        for (size_t k = 0; k < n_round; k++) {
            left[round[k]] = false;
            if (levels)
                levels[round[k]] = level;
            for (size_t i = 0; i < g->n; i++)
                held[i] -= left[i] && holds_back(g, round[k], i, inverted);
        }
        n_left -= n_round;
    }
    return n_left > 0;
}

/* False, with the names, if there is a circle. */
static bool order(struct template_error *e, const struct template *t, const struct graph *g,
                  unsigned *levels)
{
    bool *left = arena_copy(e->arena, g->present, g->n * sizeof(*left));

    if (!peel(e->arena, g, left, false, levels))
        return true;
    peel(e->arena, g, left, true, NULL); /* without those that only hang on the circle */
    struct strs names = { arena_array(e->arena, struct str, g->n), 0 };
    for (size_t i = 0; i < g->n; i++)
        if (left[i])
            names.items[names.count++] = t->resources[i].id;
    return template_refuse(e, "Circular dependency between resources: [%.*s]",
                           STR(template_names(e->arena, names)));
}

static bool add_edges(struct graph *g, struct template_walk *w, size_t who)
{
    const struct template_resource *res = &w->t->resources[who];

    w->needs = &g->needs[who * g->n];
    for (size_t i = 0; i < res->depends_on.count; i++) {
        ptrdiff_t whom = template_find_resource(w->t, res->depends_on.items[i]);
        if (whom >= 0 && g->present[whom]) /* not created: nothing to wait for */
            w->needs[whom] = true;
    }
    return !res->properties || template_walk_value(w, res->properties);
}

bool template_check_cycles(struct template_error *e, const struct template *t)
{
    struct graph g = graph_in(e->arena, t->n_resources);
    struct template_walk w = { .error = e, .t = t, .skip_ifs = true };

    for (size_t i = 0; i < t->n_resources; i++)
        g.present[i] = !str_is_set(t->resources[i].condition);
    for (size_t i = 0; i < t->n_resources; i++)
        if (g.present[i] && !add_edges(&g, &w, i))
            return false;
    return order(e, t, &g, NULL);
}

/* ---- one stack's plan ---- */

static bool holds(const struct template_stack *s, struct str condition)
{
    return !str_is_set(condition) || s->conditions[template_find_condition(s->t, condition)];
}

static bool check_present(struct template_walk *w, const bool *exists, const bool *needs,
                          const char *block)
{
    for (size_t i = 0; i < w->t->n_resources; i++)
        if (needs[i] && !exists[i])
            template_walk_unresolved(w, w->t->resources[i].id);
    return w->unresolved.count == 0 ||
           template_refuse(w->error,
                           "Template format error: Unresolved resource dependencies [%.*s] in the "
                           "%s block of the template",
                           STR(template_names(w->error->arena, w->unresolved)), block);
}

static bool find_needs(struct template_error *e, const struct template_stack *s, struct graph *g)
{
    struct template_walk w = { .error = e, .t = s->t, .conditions = s->conditions };

    for (size_t i = 0; i < g->n; i++)
        if (g->present[i] && (!add_edges(g, &w, i) ||
                              !check_present(&w, s->exists, &g->needs[i * g->n], "Resources")))
            return false;
    return true;
}

static bool check_outputs(struct template_error *e, const struct template_stack *s)
{
    struct template_walk w = {
        .error = e,
        .t = s->t,
        .conditions = s->conditions,
        .needs = arena_array(e->arena, bool, s->t->n_resources),
    };

    for (size_t i = 0; i < s->t->n_outputs; i++)
        if (holds(s, s->t->outputs[i].condition) &&
            !template_walk_value(&w, s->t->outputs[i].value))
            return false;
    return check_present(&w, s->exists, w.needs, "Outputs");
}

static void add_step(struct arena *a, struct template_stack *s, const struct graph *g, size_t who,
                     unsigned level)
{
    struct template_step *step = &s->steps[s->n_steps++];

    *step = (struct template_step){ .resource = who, .level = level };
    size_t count = 0;
    for (size_t i = 0; i < g->n; i++)
        count += g->needs[who * g->n + i];
    step->needs = arena_array(a, size_t, count);
    for (size_t i = 0; i < g->n; i++)
        if (g->needs[who * g->n + i])
            step->needs[step->n_needs++] = i;
}

static bool plan(struct template_error *e, struct template_stack *s)
{
    size_t n = s->t->n_resources;
    struct graph g = graph_in(e->arena, n);
    unsigned *levels = arena_array(e->arena, unsigned, n), max_level = 0;

    s->exists = g.present;
    for (size_t i = 0; i < n; i++)
        s->exists[i] = holds(s, s->t->resources[i].condition);
    if (!find_needs(e, s, &g) || !order(e, s->t, &g, levels) || !check_outputs(e, s))
        return false;

    for (size_t i = 0; i < n; i++)
        max_level = levels[i] > max_level ? levels[i] : max_level;
    s->steps = arena_array(e->arena, struct template_step, n);
    for (unsigned level = 0; level <= max_level; level++)
        for (size_t i = 0; i < n; i++)
            if (s->exists[i] && levels[i] == level)
                add_step(e->arena, s, &g, i, level);
    return true;
}

static int outcome(bool ok, const struct template_error *e, struct str *ret_why)
{
    if (!ok && ret_why)
        *ret_why = e->why;
    return ok ? 0 : TEMPLATE_INVALID;
}

int template_bind(struct arena *a, const struct template *t, const struct template_given *given,
                  size_t n_given, const struct template_place *place,
                  const struct template_stack **ret, struct str *ret_why)
{
    struct template_error e = { .arena = a };
    struct template_stack *s = arena_new(a, struct template_stack);

    s->t = t;
    s->place = *place;
    bool ok = template_take_parameters(&e, given, n_given, s) &&
              template_decide_conditions(&e, s) && plan(&e, s);
    if (ok)
        *ret = s;
    return outcome(ok, &e, ret_why);
}

int template_properties(struct arena *a, const struct template_stack *s, size_t resource,
                        template_lookup *lookup, void *context, struct value **ret,
                        struct str *ret_why)
{
    struct template_error error = { .arena = a };
    struct template_eval e = { .error = &error, .stack = s, .lookup = lookup, .context = context };
    struct value *resolved = NULL;

    assert(resource < s->t->n_resources);
    const struct value *properties = s->t->resources[resource].properties;
    bool ok = !properties || template_eval(&e, properties, &resolved);
    if (ok && resolved && !value_is(resolved, VALUE_MAP))
        ok = template_refuse(&error,
                             "Template format error: [/Resources/%.*s/Properties] The value must "
                             "be an object",
                             STR(s->t->resources[resource].id));
    if (ok)
        *ret = resolved ? resolved : value_map(a);
    return outcome(ok, &error, ret_why);
}

int template_outputs(struct arena *a, const struct template_stack *s, template_lookup *lookup,
                     void *context, struct template_result **ret, size_t *ret_count,
                     struct str *ret_why)
{
    struct template_error error = { .arena = a };
    struct template_eval e = { .error = &error, .stack = s, .lookup = lookup, .context = context };
    struct template_result *list = arena_array(a, struct template_result, s->t->n_outputs);
    size_t count = 0;

    for (size_t i = 0; i < s->t->n_outputs; i++) {
        const struct template_output *out = &s->t->outputs[i];
        if (!holds(s, out->condition))
            continue;
        list[count].output = out;
        if (!template_eval_text(&e, out->value, "the value of an output", &list[count].value))
            return outcome(false, &error, ret_why);
        count++;
    }
    *ret = list;
    *ret_count = count;
    return 0;
}
