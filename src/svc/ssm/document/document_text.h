/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of built-in documents, for document_builtin.c; document_patch_text.c. */
#pragma once

extern const char document_run_patch_baseline[];
extern const char document_run_patch_baseline_association[];
extern const char document_run_patch_baseline_with_hooks[];
