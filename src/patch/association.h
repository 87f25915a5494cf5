/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the document AWS-RunPatchBaselineAssociation does differently: the
 * baseline may be chosen by tags, and the report is one compliance item of the
 * association, which overwrites nothing that other runs have reported.
 */
#pragma once

#include "engine/baseline_override.h"
#include "patch/plane.h"
#include "patch/scan.h"

#define ASSOCIATION_MAX_TAG_VALUES 20

enum association_outcome {
    ASSOCIATION_NONE = 10,   /* no baseline of the host's system has these tags */
    ASSOCIATION_FAILED = 11, /* several have, or it could not be found out: *ret_why */
};

/* BaselineTags: "Key=tag-key,Values=value1,value2". */
struct association_tags {
    struct str key; /* absent: no tags were given */
    struct strs values;
};

/* False if it is not of that form. Empty text is no tags. */
bool association_tags_parse(struct arena *a, struct str text, struct association_tags *ret);

/* The one baseline for this system that has such a tag, by the calls that AWS names for it:
 * tag:GetResources and ssm:GetPatchBaseline. Outcomes ASSOCIATION_*. */
MUST_CHECK int association_baseline(struct arena *a, struct plane *plane,
                                    const struct association_tags *tags, enum patch_os os,
                                    struct baseline_override *ret, struct str *ret_why);

struct association_report {
    const struct scan *scan;
    struct str association_id, execution_id, operation;
    msec ended_at;
};

/* PutComplianceItems; to be sent by association_send(). */
struct value *association_request(struct arena *a, const struct association_report *report,
                                  struct str instance_id);

/* Outcomes of plane_call(). */
MUST_CHECK int association_send(struct arena *a, struct plane *plane,
                                const struct association_report *report, struct str *ret_why);
