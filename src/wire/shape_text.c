/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars as text: what Query parameters, XML, headers and paths carry. */
#include "base/hex.h"
#include "base/time.h"
#include "wire/shape_private.h"

static int malformed(struct arena *a, const struct field *f, const char *wanted,
                     struct str *ret_why)
{
    *ret_why = arena_fmt(a, "%s must be %s.", f->name, wanted);
    return SHAPE_MALFORMED;
}

static int time_value(struct arena *a, const struct field *f, struct str text, struct value **ret,
                      struct str *ret_why)
{
    msec t;
    int64_t seconds;

    if (time_parse_iso(text, &t) || time_parse_http(text, &t))
        *ret = value_string(a, time_iso_ms(a, t));
    else if (str_to_int(text, &seconds))
        *ret = value_int(a, seconds);
    else
        return malformed(a, f, "a timestamp", ret_why);
    return 0;
}

int text_to_value(struct arena *a, const struct field *f, struct str text, struct value **ret,
                  struct str *ret_why)
{
    int64_t i;
    double d;

    switch (f->type) {
    case FIELD_INTEGER:
        if (!str_to_int(str_trim(text), &i))
            return malformed(a, f, "an integer", ret_why);
        *ret = value_int(a, i);
        return 0;
    case FIELD_DOUBLE:
        if (!str_to_double(str_trim(text), &d))
            return malformed(a, f, "a number", ret_why);
        *ret = value_double(a, d);
        return 0;
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        if (!str_ieq(text, S("true")) && !str_ieq(text, S("false")))
            return malformed(a, f, "true or false", ret_why);
        *ret = value_bool(a, str_ieq(text, S("true")));
        return 0;
    case FIELD_TIMESTAMP:
        return time_value(a, f, str_trim(text), ret, ret_why);
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_STRUCT:
    case FIELD_LIST:
    case FIELD_STRINGS:
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        break;
    }
    if (!str_is_utf8(text))
        return malformed(a, f, "UTF-8 text", ret_why);
    *ret = value_string(a, text);
    return 0;
}

struct str field_to_text(struct arena *a, const struct field *f, const void *in,
                         enum time_form form)
{
    switch (f->type) {
    case FIELD_TIMESTAMP: {
        msec t = *FIELD_CONST_PTR(msec, in, f);
        if (t == UNSET)
            return (struct str){ 0 };
        if (form == TIME_FORM_HTTP)
            return time_http(a, t);
        return t % MSEC_SECOND ? time_iso_ms(a, t) : time_iso(a, t);
    }
    case FIELD_STRING:
    case FIELD_INTEGER:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
    case FIELD_BLOB:
        return value_text(a, shape_write_field(f, in, a));
    case FIELD_STRUCT:
    case FIELD_LIST:
    case FIELD_STRINGS:
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        break;
    }
    return (struct str){ 0 };
}
