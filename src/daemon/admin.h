/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `patchbayd admin`: what can only be done beside the plane, on its data
 * directory while it is stopped.
 */
#pragma once

/* argv[0] is "admin". Returns the exit status. */
int admin_main(int argc, char **argv);
