/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories that a manager is given for one run, instead of the host's own. */
#include "patch/rpm/hand.h"
#include "patch/rpm/rpm_config.h"
#include "sys/file.h"

/* Each gets an id of ours: the reference's example has "[main]", which is no
 * repository to dnf, and two may have the same. engine/patch_source.h has seen to it
 * that the first line that is no comment is the section, and that there is one. */
static struct str rename_section(struct arena *a, struct str text, size_t number)
{
    struct str rest = text, line;

    while (str_next(&rest, '\n', &line))
        if (str_starts(str_trim(line), S("[")))
            break;
    return arena_fmt(a, "[" RPM_SOURCE "%zu]\n%.*s\n", number, STR(rest));
}

static int write_source(struct arena *a, const char *dir, size_t number, struct str text,
                        struct str *ret_why)
{
    const char *path = arena_fmt(a, "%s/%zu.repo", dir, number).p;
    int result = file_write(path, rename_section(a, text, number), 0600);

    if (result == FILE_NO_SPACE) {
        *ret_why = S("there is no space left to write the alternative sources");
        return PROVIDER_FAILED;
    }
    return result;
}

int hand_use_sources(struct arena *a, const char *dir, struct strs configurations,
                     struct str *ret_why)
{
    const char *repos = arena_fmt(a, "%s" RPM_SOURCES, dir).p;

    TRY(file_remove_tree(repos)); /* those of another baseline */
    TRY(file_make_dirs(repos, 0755));
    for (size_t i = 0; i < configurations.count; i++)
        PASS(write_source(a, repos, i + 1, configurations.items[i], ret_why));
    return 0;
}
