/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters that a Command document declares, and values for them. */
#pragma once

#include "svc/ssm/command/command_doc.h"

/* Fills in doc->parameters. Outcome: COMMAND_DOC_INVALID. */
MUST_CHECK int doc_parameters_read(struct arena *a, const struct value *map,
                                   struct command_doc *doc, struct str *ret_why);
