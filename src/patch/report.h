/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run as inventory: the items AWS:PatchSummary and AWS:ComplianceItem, from
 * which the plane derives patch states and compliance. All values are strings.
 */
#pragma once

#include "patch/plane.h"
#include "patch/scan.h"

struct report {
    const struct scan *scan;
    struct str patch_group, snapshot_id, execution_id;
    struct str operation;     /* Scan, Install */
    struct str reboot_option; /* Install only; else empty */
    struct str install_override_list;
    struct str execution_type; /* Command; of a patch policy: PatchPolicy */
    msec started_at, ended_at;
    msec last_no_reboot_install_at; /* 0: never */
    bool without_cves;              /* to be shorter */
};

struct value *report_summary(struct arena *a, const struct report *report);

/* The content of the ComplianceItem, and the hash that names it. */
struct value *report_items(struct arena *a, const struct report *report);
struct str report_hash(struct arena *a, const struct value *content);

/* `with_content` false: only the hash, for a plane that holds the content. */
struct value *report_request(struct arena *a, const struct report *report, struct str instance_id,
                             bool with_content);

/* Send it: the hash alone where `sent_hash` says the plane has the content, in
 * full where it turns out not to. *ret_hash is what the plane holds now. Outcomes
 * of plane_call(). */
MUST_CHECK int report_send(struct arena *a, struct plane *plane, const struct report *report,
                           struct str sent_hash, struct str *ret_hash, struct str *ret_why);
