/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/scripts.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"

#define CMDLINE(text) ((struct str){ (text), sizeof(text) - 1 })

static void the_words_of_maintainer_scripts_are_known(void **state)
{
    (void)state;
    static const struct {
        struct str cmdline;
        const char *package; /* NULL: it is none */
    } cases[] = {
        { CMDLINE("/bin/sh\0/var/lib/dpkg/info/zlib1g:amd64.postinst\0configure\0001\0"),
          "zlib1g" },
        { CMDLINE("/var/lib/dpkg/info/pb-x.prerm\0upgrade\0"), "pb-x" },
        { CMDLINE("/usr/bin/perl\0-w\0/var/lib/dpkg/info/a.b.postrm\0remove\0"), "a.b" },
        { CMDLINE("/bin/bash\0/var/lib/dpkg/tmp.ci/preinst\0install\0"), "" },
        { CMDLINE("/bin/sh\0/var/tmp/rpm-tmp.aB3xYz\0002\0"), "" },
        { CMDLINE("/usr/bin/dpkg\0--configure\0-a\0/var/lib/dpkg/info/x.postinst\0"), NULL },
        { CMDLINE("/bin/cat\0/var/lib/dpkg/info/x.list\0"), NULL },
        { CMDLINE("/bin/sh\0/root/var/lib/dpkg/info/x.postinst\0"), NULL },
        { CMDLINE(""), NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str package = S("");

        assert_int_equal(scripts_is_one(cases[i].cmdline, &package), cases[i].package != NULL);
        if (cases[i].package)
            assert_true(str_eq(package, str_of(cases[i].package)));
    }
}

/* A process of that name which does not end, below us. */
static pid_t start(const char *name, int *ret_ready)
{
    int ready[2];
    char word[1];

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the test fails in between */
        dup2(ready[1], 1);
        execl("/bin/sh", name, "-c", "trap '' TERM; echo; while :; do sleep 1; done", (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], word, 1), 1);
    *ret_ready = ready[0];
    return pid;
}

static void only_a_script_below_the_manager_is_ended(void **state)
{
    (void)state;
    struct scripts scripts = { .limit = MSEC_HOUR };
    int ready, status;
    pid_t script = start("/var/lib/dpkg/info/pb-x.postinst", &ready);
    pid_t other = start("/usr/bin/dpkg", &ready);

    scripts_look(&scripts, getpid());
    assert_int_equal(scripts.count, 1);
    assert_false(scripts_ended(&scripts, S("pb-x")));

    scripts.limit = 0;
    scripts_look(&scripts, other); /* it has none */
    assert_false(scripts_ended(&scripts, S("pb-x")));
    scripts_look(&scripts, getpid());
    assert_true(scripts_ended(&scripts, S("pb-x")));
    assert_false(scripts_ended(&scripts, S("pb-y")));
    assert_int_equal(waitpid(script, &status, WNOHANG), 0); /* kindly first, and it is deaf */

    scripts.items[0].seen_at -= MSEC_MINUTE;
    scripts_look(&scripts, getpid());
    assert_int_equal(waitpid(script, &status, 0), script);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(waitpid(other, &status, WNOHANG), 0);
    kill(other, SIGKILL);
    assert_int_equal(waitpid(other, &status, 0), other);
}

static void what_ended_by_itself_is_forgotten(void **state)
{
    (void)state;
    struct scripts scripts = { .limit = MSEC_HOUR };
    int ready, status;

    for (int i = 0; i < 3; i++) {
        pid_t script = start("/var/lib/dpkg/info/pb-x.postinst", &ready);

        scripts_look(&scripts, getpid());
        assert_int_equal(scripts.count, 1);
        kill(script, SIGKILL);
        assert_int_equal(waitpid(script, &status, 0), script);
    }
    scripts_look(&scripts, getpid());
    assert_int_equal(scripts.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_maintainer_scripts_are_known),
        cmocka_unit_test(only_a_script_below_the_manager_is_ended),
        cmocka_unit_test(what_ended_by_itself_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
