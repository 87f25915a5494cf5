/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository without what a scan does not ask for: what packages require, provide to
 * each other and say of themselves is most of it, and only the solver wants to know.
 * What is read of a repository's packages and notices anywhere but in measure.c is to
 * be named here.
 */
#pragma once

#include <solv/repo.h>
#include <solv/repo_write.h>

#include "base/str.h"

/* Drops all dependencies but what packages obsolete, and of what they provide plain names (as
 * package names are) and these words. */
void lean_dependencies(Repo *repo, struct strs words);

/* For repo_write_filtered() of what lean_dependencies() left: keeps what a scan asks for. */
int lean_keeps(Repo *repo, Repokey *key, void *context);
