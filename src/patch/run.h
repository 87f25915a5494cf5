/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run for the plane: what the document AWS-RunPatchBaseline starts. Fetches
 * the snapshot, scans or installs, reports, asks for a reboot; and after the
 * reboot, started again with the same arguments, only looks and reports.
 */
#pragma once

#include "patch/association.h"
#include "patch/install.h"
#include "patch/plane.h"

struct run_options {
    struct str operation;     /* Scan, Install */
    struct str reboot_option; /* RebootIfNeeded, NoReboot */
    struct str snapshot_id;   /* empty: one of this node's own */
    struct str install_override_list, baseline_override, association_id; /* empty: none */
    struct association_tags baseline_tags;
    bool as_association;     /* report to the association and not to the inventory */
    struct str execution_id; /* the command's id; empty where it is not known */
    struct str state_dir;    /* absent: the usual place */
    bool pin_versions;       /* an Install brings in what the first node of the run did */
    msec lock_timeout;
};

/* From the options to the exit code of the step; prints what it does. */
int run(struct arena *a, const struct run_options *options);
