/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with its prerequisites, and views. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

#define assert_str(s, literal)                                                                     \
    do {                                                                                           \
        struct str assert_str_s = (s);                                                             \
        struct str assert_str_want = str_of(literal);                                              \
        if (!str_eq(assert_str_s, assert_str_want)) {                                              \
            print_error("got  \"%.*s\"\nwant \"%.*s\"\n", STR(assert_str_s),                       \
                        STR(assert_str_want));                                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)
