/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/names.h"

#include "base/crypto.h"

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, "_+=,.@-");
}

bool prefix_is_valid(struct str s)
{
    if (s.len == 0 || s.p[0] != '/')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (s.p[i] < 0x21) /* what is above 0x7f is negative */
            return false;
    return true;
}

bool path_is_valid(struct str s)
{
    return prefix_is_valid(s) && s.len != 2 && s.p[s.len - 1] == '/';
}

struct str unique_id(struct arena *a, const char *prefix)
{
    return arena_fmt(a, "%s%.*s", prefix, STR(random_text(a, 17, base32)));
}

struct str new_access_key_id(struct arena *a)
{
    return arena_fmt(a, "AKIA%.*s", STR(random_text(a, 16, base32)));
}

struct str new_secret(struct arena *a)
{
    return random_text(a, 40, base64);
}
