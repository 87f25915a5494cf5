/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "base/buf.h"

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counting years
 * from March so that the leap day comes last. */
int64_t time_days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

int time_days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && leap);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct civil time_civil(msec t)
{
    int64_t days = floor_div(t, MSEC_DAY);
    int ms_of_day = (int)(t - days * MSEC_DAY);

    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);

    return (struct civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .hour = ms_of_day / (int)MSEC_HOUR,
        .minute = ms_of_day / (int)MSEC_MINUTE % 60,
        .second = ms_of_day / (int)MSEC_SECOND % 60,
        .ms = ms_of_day % (int)MSEC_SECOND,
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };
}

msec time_from_civil(const struct civil *c)
{
    return time_days_from_civil(c->year, c->month, c->day) * MSEC_DAY + c->hour * MSEC_HOUR +
           c->minute * MSEC_MINUTE + c->second * MSEC_SECOND + c->ms;
}

struct str time_iso(struct arena *a, msec t)
{
    struct civil c = time_civil(t);
    return arena_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

struct str time_iso_ms(struct arena *a, msec t)
{
    struct civil c = time_civil(t);
    return arena_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour,
                     c.minute, c.second, c.ms);
}

struct str time_amz(struct arena *a, msec t)
{
    struct civil c = time_civil(t);
    return arena_fmt(a, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                     c.second);
}

static const char weekdays[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct str time_http(struct arena *a, msec t)
{
    struct civil c = time_civil(t);
    return arena_fmt(a, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", weekdays + c.weekday * 3, c.day,
                     months + (c.month - 1) * 3, c.year, c.hour, c.minute, c.second);
}

struct str time_duration(struct arena *a, msec ms)
{
    struct buf b = buf_in(a);
    msec hours = ms / MSEC_HOUR, minutes = ms / MSEC_MINUTE % 60, rest = ms % MSEC_MINUTE;

    buf_lit(&b, "PT");
    if (hours)
        buf_fmt(&b, "%lldH", (long long)hours);
    if (minutes)
        buf_fmt(&b, "%lldM", (long long)minutes);
    if (rest % 1000)
        buf_fmt(&b, "%lld.%03lldS", (long long)(rest / 1000), (long long)(rest % 1000));
    else if (rest || (!hours && !minutes))
        buf_fmt(&b, "%lldS", (long long)(rest / 1000));
    return buf_str(&b);
}

/* Takes exactly `digits` digits off the front of *s. */
static bool take_number(struct str *s, size_t digits, int *ret)
{
    int64_t n;

    if (s->len < digits || !str_is_digits(str_slice(*s, 0, digits)) ||
        !str_to_int(str_slice(*s, 0, digits), &n))
        return false;
    *s = str_from(*s, digits);
    *ret = (int)n;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool is_valid(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= time_days_in_month(c->year, c->month) && c->hour < 24 && c->minute < 60 &&
           c->second < 60;
}

static void take_fraction(struct str *s, struct civil *c)
{
    int scale = 100;
    for (int i = 0; i < 9 && s->len > 0 && s->p[0] >= '0' && s->p[0] <= '9'; i++) {
        c->ms += (s->p[0] - '0') * scale;
        scale /= 10;
        *s = str_from(*s, 1);
    }
}

static bool take_zone(struct str *s, msec *ret)
{
    int hours, minutes;
    bool west = s->len > 0 && s->p[0] == '-';

    *ret = 0;
    if (take_char(s, 'Z'))
        return true;
    if (!take_char(s, west ? '-' : '+') || !take_number(s, 2, &hours) || !take_char(s, ':') ||
        !take_number(s, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *ret = (hours * MSEC_HOUR + minutes * MSEC_MINUTE) * (west ? -1 : 1);
    return true;
}

bool time_parse_iso(struct str s, msec *ret)
{
    struct civil c = { 0 };
    msec offset = 0;

    if (!take_number(&s, 4, &c.year) || !take_char(&s, '-') || !take_number(&s, 2, &c.month) ||
        !take_char(&s, '-') || !take_number(&s, 2, &c.day))
        return false;
    if (s.len > 0) {
        if (!take_char(&s, 'T') || !take_number(&s, 2, &c.hour) || !take_char(&s, ':') ||
            !take_number(&s, 2, &c.minute) || !take_char(&s, ':') || !take_number(&s, 2, &c.second))
            return false;
        if (take_char(&s, '.'))
            take_fraction(&s, &c);
        if (!take_zone(&s, &offset) || s.len > 0)
            return false;
    }
    if (!is_valid(&c))
        return false;
    *ret = time_from_civil(&c) - offset;
    return true;
}

bool time_parse_amz(struct str s, msec *ret)
{
    struct civil c = { 0 };

    if (!take_number(&s, 4, &c.year) || !take_number(&s, 2, &c.month) ||
        !take_number(&s, 2, &c.day) || !take_char(&s, 'T') || !take_number(&s, 2, &c.hour) ||
        !take_number(&s, 2, &c.minute) || !take_number(&s, 2, &c.second) || !take_char(&s, 'Z') ||
        s.len > 0 || !is_valid(&c))
        return false;
    *ret = time_from_civil(&c);
    return true;
}

static int month_number(struct str name)
{
    for (int i = 0; i < 12; i++)
        if (str_ieq(name, (struct str){ months + i * 3, 3 }))
            return i + 1;
    return 0;
}

bool time_parse_http(struct str s, msec *ret)
{
    struct civil c = { 0 };
    ptrdiff_t comma = str_find(s, ',');

    if (comma >= 0)
        s = str_trim(str_from(s, (size_t)comma + 1));
    if (!take_number(&s, 2, &c.day) || !take_char(&s, ' '))
        return false;
    c.month = month_number(str_slice(s, 0, 3));
    s = str_from(s, 3);
    if (c.month == 0 || !take_char(&s, ' ') || !take_number(&s, 4, &c.year) ||
        !take_char(&s, ' ') || !take_number(&s, 2, &c.hour) || !take_char(&s, ':') ||
        !take_number(&s, 2, &c.minute) || !take_char(&s, ':') || !take_number(&s, 2, &c.second) ||
        !str_eq(s, S(" GMT")) || !is_valid(&c))
        return false;
    *ret = time_from_civil(&c);
    return true;
}
