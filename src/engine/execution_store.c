/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "engine/execution.h"
#include "engine/pack.h"

/* ---- as the wire has it ---- */

struct value *execution_wire_inputs(struct arena *a, const struct value *inputs)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < value_count(inputs); i++)
        value_set_str(a, map, inputs->map.members[i].key,
                      json_format(a, inputs->map.members[i].value));
    return map;
}

static struct value *text_of(struct arena *a, const struct value *v)
{
    struct str text = value_text(a, v);

    return value_string(a, str_is_set(text) ? text : json_format(a, v));
}

static struct value *texts_of(struct arena *a, const struct value *v)
{
    struct value *list = value_list(a);

    if (!value_is(v, VALUE_LIST))
        value_append(a, list, text_of(a, v));
    else
        for (size_t i = 0; i < v->list.count; i++)
            value_append(a, list, text_of(a, v->list.items[i]));
    return list;
}

struct value *execution_wire_outputs(struct arena *a, const struct value *outputs)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < value_count(outputs); i++)
        value_set(a, map, outputs->map.members[i].key, texts_of(a, outputs->map.members[i].value));
    return map;
}

struct value *execution_outputs(struct arena *a, const struct runbook *book,
                                const struct execution *e)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < book->outputs.count; i++) {
        struct str step_name, output;
        str_cut(book->outputs.items[i], '.', &step_name, &output);
        const struct runbook_step *step = runbook_find_step(book, step_name);
        const struct value *v = value_get(e->steps[step - book->steps].outputs, output);
        if (v)
            value_set(a, map, book->outputs.items[i], texts_of(a, v));
    }
    return map;
}

/* ---- storage ---- */

static const struct pack_field execution_fields[] = {
    PACK(struct execution, status),   PACK(struct execution, stop),
    PACK(struct execution, n_steps),  PACK(struct execution, is_cancel_flow),
    PACK(struct execution, current),  PACK(struct execution, has_critical_failure),
    PACK(struct execution, n_starts), PACK(struct execution, started_at),
    PACK(struct execution, ended_at), PACK(struct execution, cancel_by),
    PACK(struct execution, timer_at),
};

static const struct pack_field step_fields[] = {
    PACK(struct step_execution, status),     PACK(struct step_execution, attempt),
    PACK(struct step_execution, serial),     PACK(struct step_execution, started_at),
    PACK(struct step_execution, attempt_at), PACK(struct step_execution, ended_at),
};

static void save_str(struct arena *a, struct value *map, struct str key, struct str s)
{
    if (!str_is_empty(s))
        value_set_str(a, map, key, s);
}

static void save_tree(struct arena *a, struct value *map, struct str key, struct value *v)
{
    if (v)
        value_set(a, map, key, v);
}

static struct value *save_step(struct arena *a, const struct step_execution *step)
{
    struct value *map = value_map(a);

    assert(step->result == AUTOMATION_PENDING);
    pack_save(a, step_fields, ARRAY_LEN(step_fields), step, map);
    save_str(a, map, S("response_code"), step->response_code);
    save_str(a, map, S("stage"), step->failure.stage);
    save_str(a, map, S("type"), step->failure.type);
    save_str(a, map, S("message"), step->failure.message);
    save_tree(a, map, S("inputs"), step->inputs);
    save_tree(a, map, S("outputs"), step->outputs);
    return map;
}

struct value *execution_save(struct arena *a, const struct execution *e)
{
    struct value *map = value_map(a), *steps = value_list(a);

    pack_save(a, execution_fields, ARRAY_LEN(execution_fields), e, map);
    save_str(a, map, S("id"), e->id);
    save_str(a, map, S("account"), e->account);
    save_str(a, map, S("region"), e->region);
    save_str(a, map, S("partition"), e->partition);
    save_str(a, map, S("failure_message"), e->failure_message);
    save_tree(a, map, S("parameters"), e->parameters);
    for (uint32_t i = 0; i < e->n_steps; i++)
        value_append(a, steps, save_step(a, &e->steps[i]));
    value_set(a, map, S("steps"), steps);
    return map;
}

static bool load_step(const struct value *map, struct step_execution *step)
{
    step->response_code = value_get_str(map, S("response_code"));
    step->failure.stage = value_get_str(map, S("stage"));
    step->failure.type = value_get_str(map, S("type"));
    step->failure.message = value_get_str(map, S("message"));
    step->inputs = value_get(map, S("inputs"));
    step->outputs = value_get(map, S("outputs"));
    return value_is(map, VALUE_MAP) && pack_load(step_fields, ARRAY_LEN(step_fields), map, step) &&
           step->status < AUTOMATION_STATUSES;
}

bool execution_load(struct arena *a, const struct runbook *book, const struct value *saved,
                    struct execution *ret)
{
    const struct value *steps = value_get(saved, S("steps"));
    struct execution e = { 0 };

    if (!pack_load(execution_fields, ARRAY_LEN(execution_fields), saved, &e) ||
        e.status >= AUTOMATION_STATUSES || e.stop > AUTOMATION_STOP_CANCEL ||
        e.n_steps != book->n_steps || value_count(steps) != e.n_steps || e.current >= e.n_steps)
        return false;
    e.id = value_get_str(saved, S("id"));
    e.account = value_get_str(saved, S("account"));
    e.region = value_get_str(saved, S("region"));
    e.partition = value_get_str(saved, S("partition"));
    e.failure_message = value_get_str(saved, S("failure_message"));
    e.parameters = value_get(saved, S("parameters"));
    e.steps = arena_array(a, struct step_execution, e.n_steps);
    for (uint32_t i = 0; i < e.n_steps; i++)
        if (!load_step(value_at(steps, i), &e.steps[i]))
            return false;
    *ret = e;
    return true;
}
