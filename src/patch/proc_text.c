/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/proc_text.h"

#define NAME_MAX_LEN 256

static bool next_word(struct str *rest, struct str *ret)
{
    while (rest->len > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t'))
        *rest = str_from(*rest, 1);
    if (rest->len == 0)
        return false;
    size_t len = 0;
    while (len < rest->len && rest->p[len] != ' ' && rest->p[len] != '\t')
        len++;
    *ret = str_slice(*rest, 0, len);
    *rest = str_from(*rest, len);
    return true;
}

/* ---- maps ---- */

static bool is_program_folder(struct str path)
{
    static const struct str folders[] = {
        S_INIT("/usr/lib"),   S_INIT("/usr/libexec/"), S_INIT("/usr/bin/"),
        S_INIT("/usr/sbin/"), S_INIT("/usr/local/"),   S_INIT("/lib"),
        S_INIT("/bin/"),      S_INIT("/sbin/"),        S_INIT("/opt/"),
    };

    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (str_starts(path, folders[i]))
            return true;
    return false;
}

bool proc_deleted_file(struct str line, struct str *ret_path)
{
    const struct str mark = S(" (deleted)"), temporary = S(".dpkg-tmp");
    struct str range, permissions, skipped;

    if (!str_ends(line, mark))
        return false;
    line.len -= mark.len;
    if (!next_word(&line, &range) || !next_word(&line, &permissions) || permissions.len != 4 ||
        permissions.p[2] != 'x')
        return false;
    for (int i = 0; i < 3; i++) /* offset, device, inode */
        if (!next_word(&line, &skipped))
            return false;
    while (line.len > 0 && line.p[0] == ' ')
        line = str_from(line, 1);
    if (!is_program_folder(line))
        return false;
    if (str_ends(line, temporary))
        line.len -= temporary.len;
    *ret_path = line;
    return true;
}

/* ---- cgroup ---- */

static struct str unit_of_path(struct str path)
{
    struct str piece, scope = { 0 };

    while (str_next(&path, '/', &piece)) {
        if (str_ends(piece, S(".service")))
            return piece; /* the first: a user's own services are inside user@N.service */
        if (str_ends(piece, S(".scope")))
            scope = piece;
    }
    return scope;
}

struct str proc_unit(struct str cgroup)
{
    struct str line, id, rest, controllers, path;

    while (str_next(&cgroup, '\n', &line)) {
        if (!str_cut(line, ':', &id, &rest) || !str_cut(rest, ':', &controllers, &path))
            continue;
        if (!str_is_empty(controllers) && !str_eq(controllers, S("name=systemd")))
            continue;
        struct str unit = unit_of_path(path);
        if (str_is_set(unit))
            return unit;
    }
    return (struct str){ 0 };
}

/* ---- sockets ---- */

static bool parse_hex(struct str s, unsigned *ret)
{
    unsigned n = 0;

    if (s.len == 0 || s.len > 6)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (c >= '0' && c <= '9')
            n = n * 16 + (unsigned)(c - '0');
        else if (c >= 'A' && c <= 'F')
            n = n * 16 + (unsigned)(c - 'A' + 10);
        else
            return false;
    }
    *ret = n;
    return true;
}

bool proc_listening_port(struct str line, enum proc_protocol protocol, unsigned *ret_port)
{
    /* TCP_LISTEN; an UDP socket that is bound and not connected is in TCP_CLOSE. */
    const unsigned wanted = protocol == PROC_TCP ? 0x0A : 0x07;
    struct str slot, local, remote, state;
    unsigned port, code;
    ptrdiff_t colon;

    if (!next_word(&line, &slot) || !str_ends(slot, S(":")) || !next_word(&line, &local) ||
        !next_word(&line, &remote) || !next_word(&line, &state))
        return false;
    colon = str_rfind(local, ':');
    if (colon < 0 || !parse_hex(str_from(local, (size_t)colon + 1), &port) ||
        !parse_hex(state, &code) || code != wanted || port == 0 || port > 65535)
        return false;
    *ret_port = port;
    return true;
}

/* ---- stat ---- */

bool proc_stat_field(struct str stat, unsigned number, int64_t *ret)
{
    ptrdiff_t end = str_rfind(stat, ')');
    struct str word = { 0 };

    if (number == 1)
        return str_cut(stat, ' ', &word, &stat) && str_to_int(word, ret);
    if (end < 0 || number < 3)
        return false;
    stat = str_trim(str_from(stat, (size_t)end + 1));
    for (unsigned i = 3; i <= number; i++)
        if (!next_word(&stat, &word))
            return false;
    return str_to_int(word, ret);
}

bool proc_boot_time(struct str stat, int64_t *ret_seconds)
{
    struct str line;

    while (str_next(&stat, '\n', &line))
        if (str_starts(line, S("btime ")))
            return str_to_int(str_trim(str_from(line, 6)), ret_seconds);
    return false;
}

/* ---- lists ---- */

static struct strs first_words(struct arena *a, struct str text, const char *also, size_t max)
{
    struct strs found = { 0 };
    size_t capacity = 0;
    struct str line, word;

    while (found.count < max && str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (!next_word(&line, &word) || word.len > NAME_MAX_LEN || !str_is_word(word, also) ||
            strs_have(found, word))
            continue;
        found.items = ARENA_GROW(a, found.items, found.count, &capacity);
        found.items[found.count++] = word;
    }
    return found;
}

struct strs proc_package_names(struct arena *a, struct str text, size_t max)
{
    return first_words(a, text, "+-._:~", max);
}

struct strs proc_unit_names(struct arena *a, struct str text, size_t max)
{
    return first_words(a, text, ":-_.\\@", max);
}

/* ---- kernel releases ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct str take_number(struct str *s)
{
    struct str number;
    size_t len = 0;

    while (s->len > 1 && s->p[0] == '0' && is_digit(s->p[1]))
        *s = str_from(*s, 1);
    while (len < s->len && is_digit(s->p[len]))
        len++;
    number = str_slice(*s, 0, len);
    *s = str_from(*s, len);
    return number;
}

int proc_release_cmp(struct str left, struct str right)
{
    while (left.len > 0 && right.len > 0) {
        if (is_digit(left.p[0]) && is_digit(right.p[0])) {
            struct str l = take_number(&left), r = take_number(&right);

            if (l.len != r.len)
                return l.len < r.len ? -1 : 1;
            if (!str_eq(l, r))
                return str_cmp(l, r);
        } else if (left.p[0] != right.p[0]) {
            return (unsigned char)left.p[0] < (unsigned char)right.p[0] ? -1 : 1;
        } else {
            left = str_from(left, 1);
            right = str_from(right, 1);
        }
    }
    return (left.len > 0) - (right.len > 0);
}

/* "6.1.0-28-cloud-amd64", "5.14.0-503.el9_5.x86_64+rt" */
struct str proc_release_flavour(struct str release)
{
    for (size_t i = 0; i < release.len; i++) {
        bool is_word = release.p[i] == '-' && i + 1 < release.len && !is_digit(release.p[i + 1]);

        if (is_word || release.p[i] == '+')
            return str_from(release, i);
    }
    return S("");
}
