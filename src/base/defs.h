/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file may assume: the unit of time and the few macros that a
 * function cannot replace.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds since the Unix epoch, UTC. The only unit of time in the tree. */
typedef int64_t msec;

#define MSEC_SECOND ((msec)1000)
#define MSEC_MINUTE (60 * MSEC_SECOND)
#define MSEC_HOUR   (60 * MSEC_MINUTE)
#define MSEC_DAY    (24 * MSEC_HOUR)

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n)           (1U << (n))

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
