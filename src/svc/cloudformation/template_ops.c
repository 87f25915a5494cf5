/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: checked, summarized, given back. */
#include "base/json.h"

#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/types.h"
#include "svc/cloudformation/view.h"

struct template_in {
    struct str body, name;
};

struct get_in {
    struct str name, stage;
};

struct get_out {
    struct str body;
    struct strs stages;
};

struct constraints {
    struct strs allowed;
};

struct declared {
    struct str key, otherwise, type, description;
    bool no_echo;
    struct constraints *constraints;
};

struct summary {
    struct list parameters;
    struct str description, capabilities_reason, version, metadata;
    struct strs capabilities, resource_types;
};

static const char *const stages[] = { "Original", "Processed", NULL };

/* clang-format off */
static const struct field validate_in_fields[] = {
    STRING(struct template_in, body, "TemplateBody", OPTIONAL, .min = 1),
};
static const struct shape validate_in_shape =
    SHAPE("ValidateTemplateInput", struct template_in, validate_in_fields);

static const struct field summary_in_fields[] = {
    STRING(struct template_in, body, "TemplateBody", OPTIONAL, .min = 1),
    STACK_NAME_FIELD(struct template_in, OPTIONAL),
};
static const struct shape summary_in_shape =
    SHAPE("GetTemplateSummaryInput", struct template_in, summary_in_fields);

static const struct field get_in_fields[] = {
    STACK_NAME_FIELD(struct get_in, OPTIONAL),
    STRING(struct get_in, stage, "TemplateStage", OPTIONAL, .values = stages),
};
static const struct shape get_in_shape = SHAPE("GetTemplateInput", struct get_in, get_in_fields);

static const struct field get_out_fields[] = {
    STRING(struct get_out,  body,   "TemplateBody",    OPTIONAL),
    STRINGS(struct get_out, stages, "StagesAvailable", OPTIONAL),
};
static const struct shape get_out_shape =
    SHAPE("GetTemplateOutput", struct get_out, get_out_fields);

static const struct field constraints_fields[] = {
    STRINGS(struct constraints, allowed, "AllowedValues", OPTIONAL),
};
static const struct shape constraints_shape =
    SHAPE("ParameterConstraints", struct constraints, constraints_fields);

static const struct field parameter_fields[] = {
    STRING(struct declared,  key,         "ParameterKey", OPTIONAL),
    STRING(struct declared,  otherwise,   "DefaultValue", OPTIONAL),
    BOOLEAN(struct declared, no_echo,     "NoEcho",       OPTIONAL),
    STRING(struct declared,  description, "Description",  OPTIONAL),
};
static const struct shape parameter_view_shape =
    SHAPE("TemplateParameter", struct declared, parameter_fields);

static const struct field declaration_fields[] = {
    STRING(struct declared,  key,         "ParameterKey",  OPTIONAL),
    STRING(struct declared,  otherwise,   "DefaultValue",  OPTIONAL),
    STRING(struct declared,  type,        "ParameterType", OPTIONAL),
    BOOLEAN(struct declared, no_echo,     "NoEcho",        OPTIONAL),
    STRING(struct declared,  description, "Description",   OPTIONAL),
    STRUCT(struct declared,  constraints, "ParameterConstraints", OPTIONAL, constraints_shape),
};
static const struct shape declaration_shape =
    SHAPE("ParameterDeclaration", struct declared, declaration_fields);

static const struct field validate_out_fields[] = {
    LIST(struct summary,    parameters,          "Parameters",         OPTIONAL, parameter_view_shape),
    STRING(struct summary,  description,         "Description",        OPTIONAL),
    STRINGS(struct summary, capabilities,        "Capabilities",       OPTIONAL),
    STRING(struct summary,  capabilities_reason, "CapabilitiesReason", OPTIONAL),
};
static const struct shape validate_out_shape =
    SHAPE("ValidateTemplateOutput", struct summary, validate_out_fields);

static const struct field summary_out_fields[] = {
    LIST(struct summary,    parameters,          "Parameters",         OPTIONAL, declaration_shape),
    STRING(struct summary,  description,         "Description",        OPTIONAL),
    STRINGS(struct summary, capabilities,        "Capabilities",       OPTIONAL),
    STRING(struct summary,  capabilities_reason, "CapabilitiesReason", OPTIONAL),
    STRINGS(struct summary, resource_types,      "ResourceTypes",      OPTIONAL),
    STRING(struct summary,  version,             "Version",            OPTIONAL),
    STRING(struct summary,  metadata,            "Metadata",           OPTIONAL),
};
static const struct shape summary_out_shape =
    SHAPE("GetTemplateSummaryOutput", struct summary, summary_out_fields);
/* clang-format on */

static struct list declared_by(struct op *op, const struct template *t)
{
    struct declared *items = arena_array(op->arena, struct declared, t->n_parameters + 1);

    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct template_parameter *p = &t->parameters[i];
        items[i] = (struct declared){ p->name,        p->otherwise, p->type_name,
                                      p->description, p->no_echo,   NULL };
        items[i].constraints = arena_new(op->arena, struct constraints);
        items[i].constraints->allowed = p->allowed;
    }
    return (struct list){ items, t->n_parameters };
}

static struct strs types_of(struct op *op, const struct template *t)
{
    struct strs types = { arena_array(op->arena, struct str, t->n_resources + 1), 0 };

    for (size_t i = 0; i < t->n_resources; i++)
        if (!strs_have(types, t->resources[i].type))
            types.items[types.count++] = t->resources[i].type;
    return types;
}

static void summarize(struct op *op, const struct template *t, struct summary *out)
{
    struct str missing = template_missing_capability(t, (struct strs){ 0 });

    out->parameters = declared_by(op, t);
    out->description = t->description;
    out->resource_types = types_of(op, t);
    out->version = S("2010-09-09");
    if (t->metadata)
        out->metadata = json_format(op->arena, t->metadata);
    if (!str_is_set(missing))
        return;
    out->capabilities = (struct strs){ arena_copy(op->arena, &missing, sizeof(missing)), 1 };
    out->capabilities_reason =
        arena_fmt(op->arena, "The following resource(s) require capabilities: [%.*s]",
                  STR(arena_join(op->arena, t->capability_types, S(", "))));
}

/* On AWS a type that it does not know is found by CreateStack; it is cheap to say now. */
static int validate_template(struct op *op, const struct template_in *in, struct summary *out)
{
    const struct template *t;

    PASS(plan_read(op, in->body, &t));
    for (size_t i = 0; i < t->n_resources; i++)
        if (!type_find(t->resources[i].type))
            return op_invalid(op, "Template format error: Unrecognized resource types: [%.*s]",
                              STR(t->resources[i].type));
    summarize(op, t, out);
    return 0;
}
OP_HANDLER(validate_template)

static int get_summary(struct op *op, const struct template_in *in, struct summary *out)
{
    const struct template *t;
    struct str body = in->body;
    struct stack stack;

    if (str_is_set(in->name) && str_is_set(in->body))
        return op_invalid(op, "StackName and TemplateBody cannot both be given.");
    if (str_is_set(in->name)) {
        PASS(stack_must(op, in->name, &stack));
        body = stack.template;
    }
    PASS(plan_read(op, body, &t));
    summarize(op, t, out);
    return 0;
}
OP_HANDLER(get_summary)

static struct str summary_resource(struct op *op, const void *in)
{
    const struct template_in *of = in;
    return str_is_set(of->name) ? stack_resource(op, of->name) : S("*");
}

/* There are no macros, so both stages are the same. */
static int get_template(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct stack stack;

    if (!str_is_set(in->name))
        return op_invalid(op, "StackName is required.");
    PASS(stack_must(op, in->name, &stack));
    out->body = stack.template;
    out->stages.items = arena_array(op->arena, struct str, 2);
    out->stages.items[out->stages.count++] = S("Original");
    out->stages.items[out->stages.count++] = S("Processed");
    return 0;
}
OP_HANDLER(get_template)

static struct str get_resource(struct op *op, const void *in)
{
    const struct get_in *of = in;
    return stack_resource(op, of->name);
}

/* clang-format off */
const struct operation template_operations[] = {
    OP("ValidateTemplate", validate_template, validate_in_shape, validate_out_shape, OP_READS,
       RAISES_NOTHING),
    OP("GetTemplateSummary", get_summary, summary_in_shape, summary_out_shape, OP_READS,
       RAISES_NOTHING, .resource = summary_resource),
    OP("GetTemplate", get_template, get_in_shape, get_out_shape, OP_READS, RAISES_NOTHING,
       .resource = get_resource),
    OP_END,
};
/* clang-format on */
