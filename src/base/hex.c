/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "base/buf.h"

static const char digits[] = "0123456789abcdef";

struct str hex_encode(struct arena *a, struct str bytes)
{
    char *p = arena_alloc(a, bytes.len * 2 + 1);

    for (size_t i = 0; i < bytes.len; i++) {
        p[i * 2] = digits[(unsigned char)bytes.p[i] >> 4];
        p[i * 2 + 1] = digits[(unsigned char)bytes.p[i] & 15];
    }
    return (struct str){ p, bytes.len * 2 };
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct str base64_encode(struct arena *a, struct str bytes)
{
    size_t len = (bytes.len + 2) / 3 * 4;
    char *p = arena_alloc(a, len + 1);
    char *out = p;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)(unsigned char)bytes.p[i] << 16;
        if (left > 1)
            group |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
        if (left > 2)
            group |= (uint32_t)(unsigned char)bytes.p[i + 2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
    return (struct str){ p, len };
}

static int base64_digit(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool base64_decode(struct arena *a, struct str text, struct str *ret)
{
    if (text.len % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.p[text.len - 1 - padding] == '=')
        padding++;

    char *p = arena_alloc(a, text.len / 4 * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            bool pad = i + k >= text.len - padding;
            int digit = pad ? 0 : base64_digit(text.p[i + k]);
            if (digit < 0)
                return false;
            group = group << 6 | (uint32_t)digit;
        }
        p[len++] = (char)(group >> 16);
        p[len++] = (char)(group >> 8);
        p[len++] = (char)group;
    }
    *ret = (struct str){ p, len - padding };
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

struct str percent_encode(struct arena *a, struct str s, bool keep_slash)
{
    struct buf b = buf_in(a);

    for (size_t i = 0; i < s.len; i++) {
        if (is_unreserved(s.p[i]) || (keep_slash && s.p[i] == '/'))
            buf_byte(&b, s.p[i]);
        else
            buf_fmt(&b, "%%%02X", (unsigned)(unsigned char)s.p[i]);
    }
    return buf_str(&b);
}

bool percent_decode(struct arena *a, struct str s, bool plus_is_space, struct str *ret)
{
    char *p = arena_alloc(a, s.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        p[len++] = c;
    }
    *ret = (struct str){ p, len };
    return true;
}
