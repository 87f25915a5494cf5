/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"

/* What log_error() makes of a message where JOURNAL_STREAM is as given; NULL: names stderr. */
static void logged(const char *stream, const char *message, char *ret, size_t size)
{
    FILE *file = tmpfile();
    char own[64];
    struct stat st;
    int was = dup(STDERR_FILENO);

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream ? stream : own, 1);
    dup2(fileno(file), STDERR_FILENO);
    log_error("%s", message);
    dup2(was, STDERR_FILENO);
    close(was);
    rewind(file);
    size_t n = fread(ret, 1, size - 1, file);
    ret[n] = '\0';
    fclose(file);
    unsetenv("JOURNAL_STREAM");
}

static void the_journal_is_told_the_priority(void **state)
{
    (void)state;
    char text[200];

    logged(NULL, "it broke", text, sizeof(text));
    assert_string_equal(text, "<3>it broke\n");
}

static void another_stream_is_told_the_time(void **state)
{
    (void)state;
    static const char *const others[] = { "1:1", "", "x" };
    char text[200];

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        logged(others[i], "it broke", text, sizeof(text));
        assert_true(text[0] == '2' && strstr(text, "Z it broke\n"));
    }
}

static void what_is_quoted_makes_no_lines_of_its_own(void **state)
{
    (void)state;
    char text[200];

    logged(NULL, "said: a\n<0>forged\r\x1b[2J \xc3\xa9", text, sizeof(text));
    assert_string_equal(text, "<3>said: a <0>forged  [2J \xc3\xa9\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_is_told_the_priority),
        cmocka_unit_test(another_stream_is_told_the_time),
        cmocka_unit_test(what_is_quoted_makes_no_lines_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
