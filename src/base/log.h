/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a message to stderr, with the <N> priority prefix journald reads
 * when stderr is the journal (JOURNAL_STREAM) and a time stamp when it is not. Only programs'
 * top loops log (see HACKING.md); libraries return.
 */
#pragma once

#include "base/defs.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

void log_set_level(enum log_level level); /* LOG_LEVEL_INFO at start */
PRINTF(2, 3) void log_at(enum log_level level, const char *fmt, ...);

#define log_error(...)   log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
