/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's files: identity, token, settings, journal, claims of attempts. */
#include "../test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/attempt.h"
#include "agent/backoff.h"
#include "agent/config.h"
#include "agent/identity.h"
#include "agent/journal.h"
#include "agent/node.h"
#include "agent/token.h"
#include "base/json.h"
#include "sys/clock.h"
#include "sys/file.h"

struct place {
    struct arena arena;
    char folder[64];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    strcpy(p->folder, "/tmp/patchbay-agent-test.XXXXXX");
    *state = p;
    return mkdtemp(p->folder) ? 0 : -1;
}

static int drop_place(void **state)
{
    struct place *p = *state;
    int removed = file_remove_tree(p->folder);
    arena_done(&p->arena);
    free(p);
    return removed;
}

static void write_text(struct place *p, const char *name, const char *text)
{
    const char *path = arena_fmt(&p->arena, "%s/%s", p->folder, name).p;
    assert_int_equal(file_write(path, str_of(text), 0600), 0);
}

static void an_identity_comes_back_as_it_was(void **state)
{
    struct place *p = *state;
    struct identity id = { .instance_id = S("mi-0123456789abcdef0"),
                           .region = S("eu-west-1"),
                           .endpoint = S("https://plane:8443"),
                           .ca_file = S("/ca.pem"),
                           .fingerprint = S("f"),
                           .host = { { S("machine"), { 0 }, S("name") } },
                           .keys = { .key = { "\x30\x00\xFF", 3 }, .made_at = 5 } };
    struct identity got;
    struct stat st;

    assert_int_equal(identity_read(&p->arena, p->folder, &got), IDENTITY_ABSENT);
    assert_int_equal(identity_write(&p->arena, p->folder, &id), 0);
    assert_int_equal(identity_read(&p->arena, p->folder, &got), 0);
    assert_str(got.instance_id, "mi-0123456789abcdef0");
    assert_str(got.ca_file, "/ca.pem");
    assert_true(str_eq(got.keys.key, id.keys.key));
    assert_int_equal(got.keys.made_at, 5);
    assert_false(str_is_set(got.keys.next));
    assert_str(got.host.values[0], "machine");
    assert_false(str_is_set(got.host.values[1]));
    id.keys.next = S("n");
    assert_int_equal(identity_write(&p->arena, p->folder, &id), 0);
    assert_int_equal(identity_read(&p->arena, p->folder, &got), 0);
    assert_str(got.keys.next, "n");
    assert_int_equal(stat(arena_fmt(&p->arena, "%s/identity.json", p->folder).p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    write_text(p, "identity.json", "{\"version\":1}");
    assert_int_equal(identity_read(&p->arena, p->folder, &got), IDENTITY_DAMAGED);
    write_text(p, "identity.json", "");
    assert_int_equal(identity_read(&p->arena, p->folder, &got), IDENTITY_DAMAGED);
}

static void plain_http_is_for_this_machine_only(void **state)
{
    static const struct {
        const char *endpoint;
        bool insecure, is_good;
    } cases[] = {
        { "https://plane.example", false, true },
        { "https://plane.example:8443/", false, true },
        { "http://127.0.0.1:8080", false, true },
        { "http://localhost", false, true },
        { "http://[::1]:80", false, true },
        { "http://127.evil.e1", false, false },
        { "http://10.0.0.1", false, false },
        { "http://10.0.0.1", true, true },
        { "http://localhost.example", false, false },
        { "https://", false, false },
        { "plane.example", false, false },
        { "https://a/b", false, false },
        { "https://user@a", false, false },
        { "", false, false },
    };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str endpoint, why = { 0 };
        bool is_good = identity_check_endpoint(&p->arena, str_of(cases[i].endpoint),
                                               cases[i].insecure, &endpoint, &why);
        assert_int_equal(is_good, cases[i].is_good);
        assert_true(is_good ? !str_ends(endpoint, S("/")) : why.len > 0);
    }
}

static void a_token_is_kept_until_it_expires(void **state)
{
    struct place *p = *state;
    msec now = clock_now();
    struct value *answer = value_map(&p->arena);
    struct token t = { 0 }, kept = { 0 }, got;

    value_set_str(&p->arena, answer, S("AccessKeyId"), S("ASIA"));
    value_set_str(&p->arena, answer, S("SecretAccessKey"), S("s"));
    assert_false(token_from_answer(answer, now, &got));
    value_set_str(&p->arena, answer, S("SessionToken"), S("t/+="));
    value_set(&p->arena, answer, S("TokenExpirationDate"),
              value_double(&p->arena, (double)(now + 60000) / 1000));
    assert_true(token_from_answer(answer, now, &got));
    assert_in_range(got.expires_at, now + 59990, now + 60010);
    token_replace(&t, &got);
    assert_int_equal(token_save(&p->arena, p->folder, &t), 0);
    token_load(&p->arena, p->folder, &kept);
    assert_str(kept.session, "t/+=");
    assert_int_equal(kept.obtained_at, now);

    token_done(&kept);
    t.expires_at = now - 1;
    assert_int_equal(token_save(&p->arena, p->folder, &t), 0);
    token_load(&p->arena, p->folder, &kept);
    assert_false(str_is_set(kept.secret));
    value_set_str(&p->arena, answer, S("SessionToken"), S("two\nlines"));
    assert_false(token_from_answer(answer, now, &got));
    token_done(&t);
}

static void settings_are_read_or_refused(void **state)
{
    struct place *p = *state;
    struct config c;
    struct str why;

    config_defaults(&c);
    assert_true(config_parse(&p->arena, &c,
                             S("# comment\n\n reboot_command = /bin/true --x = y \n"
                               "heartbeat_seconds=60"),
                             &why));
    assert_string_equal(c.reboot_command, "/bin/true --x = y");
    assert_int_equal(c.heartbeat, 60000);
    assert_string_equal(c.state, "/var/lib/patchbay-agent");
    assert_false(config_parse(&p->arena, &c, S("\nreboot = x\n"), &why));
    assert_str(why, "line 2: unknown key reboot");
    assert_false(config_parse(&p->arena, &c, S("state\n"), &why));
    assert_str(why, "line 1: there is no '='");
    assert_false(config_parse(&p->arena, &c, S("state =\n"), &why));
    assert_false(config_parse(&p->arena, &c, S("heartbeat_seconds = 0\n"), &why));
    assert_true(config_parse(&p->arena, &c, S("key_days = 365\nproxy = http://u:p@h:1"), &why));
    assert_string_equal(c.proxy, "http://u:p@h:1");
    assert_false(config_parse(&p->arena, &c, S("key_days = 366"), &why));
    assert_false(config_parse(&p->arena, &c, S("similarity_percent = -1"), &why));
    assert_false(config_parse(&p->arena, &c, S("proxy = https://u:secret@h"), &why));
    assert_false(str_contains(why, S("secret")));
    assert_int_equal(config_load(&p->arena, &c, "/nonexistent", false, &why), 0);
    assert_int_equal(config_load(&p->arena, &c, "/nonexistent", true, &why), CONFIG_BAD);
}

static void make_command(struct place *p, const char *id, struct command *c)
{
    struct value *payload;
    struct str why;

    assert_int_equal(json_parse(&p->arena,
                                S("{\"DocumentContent\":{\"schemaVersion\":\"2.2\",\"mainSteps\":"
                                  "[{\"action\":\"aws:runShellScript\",\"name\":\"a\",\"inputs\":"
                                  "{\"runCommand\":[\"x\"]}}]}}"),
                                &payload, NULL),
                     0);
    assert_int_equal(
        command_new(&p->arena, S("aws.ssm.c.mi-1"), str_of(id), 7, payload, 1000, c, &why), 0);
}

static void the_journal_knows_what_is_over(void **state)
{
    struct place *p = *state;
    struct command c, got;
    struct strs ids;

    assert_int_equal(journal_open(&p->arena, p->folder), 0);
    make_command(p, "c-1", &c);
    assert_false(journal_has(p->folder, S("c-1")));
    assert_int_equal(journal_save(p->folder, &c), 0);
    assert_true(journal_has(p->folder, S("c-1")));
    assert_int_equal(journal_load(&p->arena, p->folder, S("c-1"), &got), 0);
    assert_int_equal(got.received_at, 1000);
    assert_str(got.document.steps[0].script, "x\n");
    assert_str(got.entries->id, arena_cstr(&p->arena, c.entries->id));
    assert_int_equal(journal_list(&p->arena, p->folder, &ids), 0);
    assert_int_equal(ids.count, 1);

    c.is_over = true;
    assert_int_equal(journal_save(p->folder, &c), 0);
    assert_true(journal_has(p->folder, S("c-1")));
    assert_int_equal(journal_load(&p->arena, p->folder, S("c-1"), &got), JOURNAL_ABSENT);
    assert_int_equal(journal_list(&p->arena, p->folder, &ids), 0);
    assert_int_equal(ids.count, 0);
    journal_sweep(p->folder, clock_now());
    assert_true(journal_has(p->folder, S("c-1")));
    journal_sweep(p->folder, clock_now() + JOURNAL_MEMORY + MSEC_MINUTE);
    assert_false(journal_has(p->folder, S("c-1")));
}

static void what_is_half_written_is_swept(void **state)
{
    struct place *p = *state;
    struct command c;

    assert_int_equal(journal_open(&p->arena, p->folder), 0);
    make_command(p, "c-1", &c);
    assert_int_equal(journal_save(p->folder, &c), 0);
    write_text(p, "commands/c-2.json.Xy12ab", "{");
    write_text(p, "done/c-3.json.Xy12ab", "{");
    write_text(p, "token.json.Xy12ab", "secret");
    write_text(p, "token.json", "{}");
    assert_int_equal(file_make_dirs(arena_fmt(&p->arena, "%s/steps/c-1/0-1", p->folder).p, 0700),
                     0);
    assert_int_equal(file_make_dirs(arena_fmt(&p->arena, "%s/steps/c-9/0-1", p->folder).p, 0700),
                     0);
    assert_int_equal(journal_tidy(&p->arena, p->folder), 0);
    assert_true(file_exists(arena_fmt(&p->arena, "%s/commands/c-1.json", p->folder).p));
    assert_true(file_exists(arena_fmt(&p->arena, "%s/steps/c-1/0-1", p->folder).p));
    assert_true(file_exists(arena_fmt(&p->arena, "%s/token.json", p->folder).p));
    assert_false(file_exists(arena_fmt(&p->arena, "%s/commands/c-2.json.Xy12ab", p->folder).p));
    assert_false(file_exists(arena_fmt(&p->arena, "%s/done/c-3.json.Xy12ab", p->folder).p));
    assert_false(file_exists(arena_fmt(&p->arena, "%s/token.json.Xy12ab", p->folder).p));
    assert_false(file_exists(arena_fmt(&p->arena, "%s/steps/c-9", p->folder).p));
}

static void ids_cannot_leave_their_folder(void **state)
{
    (void)state;
    static const char *const bad[] = { "", ".", "..", "../x", "a/b", "-x", "a b", "a.json" };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(journal_is_id(str_of(bad[i])));
    assert_true(journal_is_id(S("4cca791c-dd79-4181-9b7b-bba70c6efa32")));
}

static void an_attempt_is_claimed_once(void **state)
{
    struct place *p = *state;
    struct attempt at = { .folder = p->folder };
    struct step_result written = { .code = 3, .out = S("o"), .err = S("e"), .out_cut = true };
    struct step_result r;
    int lock, second;

    assert_int_equal(attempt_look(&p->arena, &at, &r), ATTEMPT_ABSENT);
    assert_int_equal(attempt_claim(&p->arena, p->folder, &lock), 0);
    assert_int_equal(attempt_claim(&p->arena, p->folder, &second), ATTEMPT_RUNNING);
    assert_int_equal(attempt_look(&p->arena, &at, &r), ATTEMPT_RUNNING);
    assert_int_equal(at.keeper.pid, getpid());
    attempt_done(&at);
    assert_int_equal(attempt_write_result(&p->arena, p->folder, &written), 0);
    assert_int_equal(attempt_look(&p->arena, &at, &r), ATTEMPT_RUNNING);
    attempt_done(&at);
    close(lock);
    assert_int_equal(attempt_look(&p->arena, &at, &r), 0);
    assert_int_equal(r.code, 3);
    assert_true(r.out_cut && !r.err_cut && !str_is_set(r.problem));
    assert_int_equal(attempt_claim(&p->arena, p->folder, &second), ATTEMPT_RUNNING);
}

static void a_claim_without_a_result_was_interrupted(void **state)
{
    struct place *p = *state;
    struct attempt at = { .folder = p->folder };
    struct step_result r;
    int lock;

    assert_int_equal(attempt_claim(&p->arena, p->folder, &lock), 0);
    close(lock);
    assert_int_equal(attempt_look(&p->arena, &at, &r), 0);
    assert_true(str_contains(r.problem, S("interrupted")));
}

static void pauses_grow_until_there_is_an_answer(void **state)
{
    (void)state;
    struct backoff b = { .first = 1000 };
    msec now = clock_monotonic();

    backoff_add(&b, 0);
    backoff_add(&b, 0);
    assert_int_equal(b.failures, 2);
    assert_true(b.retry_at >= now + 250);
    backoff_add(&b, MSEC_MINUTE);
    assert_true(b.retry_at >= now + MSEC_MINUTE + 500);
    backoff_reset(&b);
    assert_int_equal(b.failures, 0);
    assert_int_equal(b.retry_at, 0);
    assert_int_equal(b.first, 1000);
}

static void the_system_is_named_by_os_release(void **state)
{
    struct place *p = *state;
    struct str name, version;

    node_parse_os_release(&p->arena,
                          S("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
                            "NAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nid"),
                          &name, &version);
    assert_str(name, "Debian GNU/Linux");
    assert_str(version, "12");
    node_parse_os_release(&p->arena, S(""), &name, &version);
    assert_str(name, "Linux");
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(an_identity_comes_back_as_it_was),
        IN_PLACE(plain_http_is_for_this_machine_only),
        IN_PLACE(a_token_is_kept_until_it_expires),
        IN_PLACE(settings_are_read_or_refused),
        IN_PLACE(the_journal_knows_what_is_over),
        IN_PLACE(what_is_half_written_is_swept),
        IN_PLACE(ids_cannot_leave_their_folder),
        IN_PLACE(an_attempt_is_claimed_once),
        IN_PLACE(a_claim_without_a_result_was_interrupted),
        IN_PLACE(pauses_grow_until_there_is_an_answer),
        IN_PLACE(the_system_is_named_by_os_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
