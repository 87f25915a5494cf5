/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/output.h"

#include "base/buf.h"

#define STREAM_MARK S("\n--output truncated--")
#define OUT_MARK    S("\n---Output truncated---")
#define ERR_MARK    S("\n---Error truncated----")
#define ERR_HEADING S("\n----------ERROR-------\n")

/* Length of the well-formed sequence that `s` starts with, or 0. */
static size_t sequence(struct str s)
{
    unsigned char first = (unsigned char)s.p[0];
    size_t len = first < 0x80   ? 1
                 : first < 0xC2 ? 0
                 : first < 0xE0 ? 2
                 : first < 0xF0 ? 3
                 : first < 0xF5 ? 4
                                : 0;

    if (len == 0 || len > s.len || first == 0)
        return 0;
    return str_is_utf8(str_slice(s, 0, len)) ? len : 0;
}

struct str output_clean(struct arena *a, struct str raw)
{
    if (str_is_empty(raw) || str_is_utf8(raw))
        return str_or_empty(raw);

    struct buf b = buf_in(a);
    for (size_t i = 0; i < raw.len;) {
        size_t len = sequence(str_from(raw, i));
        buf_add(&b, len ? str_slice(raw, i, len) : S("\xEF\xBF\xBD"));
        i += len ? len : 1;
    }
    return buf_str(&b);
}

/* At most `max` bytes of `s`, not ending within a sequence. */
static struct str prefix(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
        max--;
    return str_slice(s, 0, max);
}

static struct str cut(struct arena *a, struct str s, size_t max, struct str mark)
{
    struct str kept = prefix(s, max - mark.len);
    return arena_fmt(a, "%.*s%.*s", STR(kept), STR(mark));
}

struct str output_stream(struct arena *a, struct str text, bool is_cut)
{
    if (text.len <= OUTPUT_MAX_STREAM && !is_cut)
        return text;
    return cut(a, text, OUTPUT_MAX_STREAM, STREAM_MARK);
}

struct str output_combined(struct arena *a, struct str out, struct str err)
{
    if (str_is_empty(err))
        return out.len <= OUTPUT_MAX_COMBINED ? out : cut(a, out, OUTPUT_MAX_COMBINED, OUT_MARK);

    size_t room = OUTPUT_MAX_COMBINED - ERR_HEADING.len;
    size_t half = room / 2;
    if (out.len + err.len > room) {
        if (out.len > half && err.len > half) {
            out = cut(a, out, half, OUT_MARK);
            err = cut(a, err, half, ERR_MARK);
        } else if (out.len > half) {
            out = cut(a, out, room - err.len, OUT_MARK);
        } else {
            err = cut(a, err, room - out.len, ERR_MARK);
        }
    }
    return arena_fmt(a, "%.*s%.*s%.*s", STR(out), STR(ERR_HEADING), STR(err));
}
