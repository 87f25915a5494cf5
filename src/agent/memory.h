/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being small while idle. Start-up, a TLS handshake or a command touch megabytes
 * of code and tables (libcrypto's above all) that an idle agent does not use.
 */
#pragma once

/* Once, before threads: one heap for all. */
void memory_configure(void);

/* Hand back what is free on the heap, and unmap the pages of code and constants:
 * they stay in the page cache, belong to nobody, and come back when touched. */
void memory_give_back(void);
