/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/plugin_view.h"

#include "svc/ssm/command/runcommand_view.h"

/* clang-format off */
#define P struct plugin_view
static const struct field view_fields[] = {
    STRING(P,    name,       "Name",                   OPTIONAL),
    STRING(P,    status,     "Status",                 OPTIONAL),
    STRING(P,    detail,     "StatusDetails",          OPTIONAL),
    INTEGER(P,   code,       "ResponseCode",           OPTIONAL),
    TIMESTAMP(P, started_at, "ResponseStartDateTime",  OPTIONAL),
    TIMESTAMP(P, ended_at,   "ResponseFinishDateTime", OPTIONAL),
    STRING(P,    output,     "Output",                 OPTIONAL),
    STRING(P,    output_url, "StandardOutputUrl",      OPTIONAL),
    STRING(P,    error_url,  "StandardErrorUrl",       OPTIONAL),
    STRING(P,    s3_region,  "OutputS3Region",         OPTIONAL),
    STRING(P,    s3_bucket,  "OutputS3BucketName",     OPTIONAL),
    STRING(P,    s3_prefix,  "OutputS3KeyPrefix",      OPTIONAL),
};
#undef P
const struct shape plugin_view_shape = SHAPE("CommandPlugin", struct plugin_view, view_fields);
/* clang-format on */

static struct str text(struct str s)
{
    return str_or_empty(s);
}

static void take(struct plugin_facts *f, const struct runcommand_plugin *row)
{
    if (!agent_status_parse(row->status, &f->state.status))
        return;
    f->state.code = (int32_t)row->code;
    f->state.started_at = row->started_at;
    f->state.ended_at = row->ended_at;
    f->output = text(row->output);
    f->standard_output = text(row->standard_output);
    f->standard_error = text(row->standard_error);
    f->is_reported = true;
}

int plugin_facts(struct op *op, const struct runcommand_invocation *row, struct plugin_facts **ret,
                 size_t *ret_count)
{
    struct runcommand_plugin *rows;
    size_t count;
    struct str steps_text;
    struct strs steps;

    TRY(runcommand_load_steps(op, row->command_id, &steps_text));
    TRY(strs_parse(op->arena, steps_text, &steps));
    TRY(runcommand_plugin_list(op, row->command_id, row->position, &rows, &count));
    struct plugin_facts *facts = arena_array(op->arena, struct plugin_facts, steps.count + 1);
    for (size_t i = 0; i < steps.count; i++) {
        facts[i] = (struct plugin_facts){ .name = steps.items[i],
                                          .output = S(""),
                                          .standard_output = S(""),
                                          .standard_error = S("") };
        for (size_t k = 0; k < count; k++)
            if (str_eq(rows[k].name, steps.items[i]))
                take(&facts[i], &rows[k]);
    }
    *ret = facts;
    *ret_count = steps.count;
    return 0;
}

int plugin_views(struct op *op, const struct runcommand_invocation *row, struct list *ret)
{
    struct plugin_facts *facts;
    size_t count;
    struct str over = row->is_open ? (struct str){ 0 } : row->status;
    struct str over_detail = row->is_open ? (struct str){ 0 } : row->detail;

    TRY(plugin_facts(op, row, &facts, &count));
    struct plugin_view *views = arena_array(op->arena, struct plugin_view, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct plugin_facts *f = &facts[i];
        views[i] = (struct plugin_view){
            .name = f->name,
            .status = plugin_status_name(&f->state, over),
            .detail = plugin_detail_name(&f->state, over_detail),
            .code = plugin_response_code(&f->state),
            .started_at = f->state.started_at ? f->state.started_at : UNSET,
            .ended_at = f->state.ended_at ? f->state.ended_at : UNSET,
            .output = f->output,
            .output_url = S(""),
            .error_url = S(""),
            .s3_region = op->region,
            .s3_bucket = S(""),
            .s3_prefix = S(""),
        };
    }
    *ret = (struct list){ views, count };
    return 0;
}
