/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar arithmetic and the text forms of instants that AWS uses. UTC only;
 * it reads no clock (sys/clock.h does).
 */
#pragma once

#include "base/arena.h"

struct civil {
    int year, month, day;         /* month 1..12, day 1..31 */
    int hour, minute, second, ms; /* 0..23, 0..59, 0..59, 0..999 */
    int weekday;                  /* 0 = Sunday .. 6 = Saturday */
};

int64_t time_days_from_civil(int year, int month, int day); /* since 1970-01-01 */
int time_days_in_month(int year, int month);
struct civil time_civil(msec t);
msec time_from_civil(const struct civil *c); /* weekday is ignored */

struct str time_iso(struct arena *a, msec t);       /* 2026-11-23T16:00:00Z */
struct str time_iso_ms(struct arena *a, msec t);    /* 2026-11-23T16:00:00.123Z */
struct str time_amz(struct arena *a, msec t);       /* 20261123T160000Z */
struct str time_http(struct arena *a, msec t);      /* Mon, 23 Nov 2026 16:00:00 GMT */
struct str time_duration(struct arena *a, msec ms); /* PT1M2.5S, ISO 8601 */

/* The ISO forms above with an optional fraction of up to nine digits and Z or
 * +hh:mm; also a bare date. False on anything else. */
bool time_parse_iso(struct str s, msec *ret);
bool time_parse_amz(struct str s, msec *ret);
bool time_parse_http(struct str s, msec *ret);
