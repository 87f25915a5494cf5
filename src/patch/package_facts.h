/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts behind a report, for a plane that asks why: patchbay:PutPatchFacts. A
 * plane that does not know the operation has the report all the same, so that it
 * could not be told is said, and fails nothing.
 */
#pragma once

#include "patch/report.h"

void package_facts_tell(struct arena *a, struct plane *plane, const struct report *report,
                        bool rebooted);
