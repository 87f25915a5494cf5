/* SPDX-License-Identifier: Apache-2.0 */
/* What an update needs before it may begin: a verified package, a way back, a program to do it. */
#include <unistd.h>

#include "agent/identity.h"
#include "agent/manifest.h"
#include "agent/presence.h"
#include "agent/updater.h"
#include "sys/file.h"
#include "sys/http_client.h"
#include "sys/process.h"

#define KEY_LIMIT       ((size_t)4096)
#define PROC_LIMIT      ((size_t)512 * 1024)
#define PROGRAM_LIMIT   ((size_t)256 * 1024 * 1024)
#define FETCH_TIMEOUT   (5 * MSEC_MINUTE)
#define PROBE_TIMEOUT   (30 * MSEC_SECOND)
#define PROBE_OUTPUT    ((size_t)4096)
#define SIGNATURE_BYTES 64

#if defined(__x86_64__)
#define DEB_ARCH "amd64"
#define RPM_ARCH "x86_64"
#elif defined(__aarch64__)
#define DEB_ARCH "arm64"
#define RPM_ARCH "aarch64"
#else
#error "say how the package managers call this architecture"
#endif

struct preparation {
    struct arena *a;
    const struct update_order *order;
    struct identity identity;
    struct http_client *client;
    struct str family, arch;
    struct manifest manifest;
    struct update *update;
    struct str why;
};

static int refuse(struct preparation *p, struct str why)
{
    p->why = why;
    return UPDATER_REFUSED;
}

/* --- from the plane ------------------------------------------------------------- */

static int fetch(struct preparation *p, struct str file, size_t limit, struct str *ret)
{
    const struct http_outgoing out = {
        .method = S("GET"),
        .url = arena_fmt(p->a, "%.*s/packages/%.*s", STR(p->identity.endpoint), STR(file)),
        .timeout = FETCH_TIMEOUT,
        .max_response = limit,
        .ca_file = str_is_set(p->identity.ca_file) ? arena_cstr(p->a, p->identity.ca_file) : NULL,
    };
    struct http_response response;
    struct str why;

    int called = http_call(p->client, &out, p->a, &response, &why);
    if (called > 0)
        return refuse(p, arena_fmt(p->a, "%.*s cannot be had: %.*s", STR(out.url), STR(why)));
    TRY(called);
    if (response.status != 200)
        return refuse(p,
                      arena_fmt(p->a, "%.*s cannot be had: status %d: %.*s", STR(out.url),
                                response.status, STR(str_trim(str_slice(response.body, 0, 200)))));
    *ret = response.body;
    return 0;
}

/* With the key that this host has had since its installation, and no other. */
static int get_manifest(struct preparation *p)
{
    struct str key, text, signature, why;

    int read = file_read(p->a, p->order->key_file, KEY_LIMIT, &key);
    if (read == FILE_ABSENT || read == FILE_TOO_LARGE)
        return refuse(p, arena_fmt(p->a,
                                   "there is no key in %s to verify packages with: install.sh puts "
                                   "it there, or you do",
                                   p->order->key_file));
    TRY(read);
    PASS(fetch(p, S("MANIFEST"), MANIFEST_LIMIT, &text));
    PASS(fetch(p, S("MANIFEST.sig"), SIGNATURE_BYTES, &signature));
    if (!ed25519_verify(key, text, signature))
        return refuse(p, S("the signature of the plane's packages is not by the key of this host"));
    if (!manifest_parse(p->a, text, &p->manifest, &why))
        return refuse(p, why);
    return 0;
}

static const char *package_path(struct preparation *p, struct str file)
{
    return arena_fmt(p->a, "%s/packages/%.*s", p->order->state, STR(file)).p;
}

/* Into the state folder, unless it is there. */
static int get_package(struct preparation *p, const struct package *package,
                       struct update_side *ret)
{
    const char *path = package_path(p, package->file);
    struct str bytes;

    *ret = (struct update_side){ package->version, package->file, package->sum };
    if (str_eq(updater_sum(p->a, path), package->sum))
        return 0;
    PASS(fetch(p, package->file, (size_t)package->size, &bytes));
    if ((int64_t)bytes.len != package->size || !str_eq(sha256_hex(p->a, bytes), package->sum))
        return refuse(
            p, arena_fmt(p->a, "%.*s is not what the signed manifest says", STR(package->file)));
    TRY(file_make_dirs(package_path(p, S("")), 0700));
    int written = file_write(path, bytes, 0600);
    if (written == FILE_NO_SPACE)
        return refuse(p, S("there is no space for the package"));
    TRY(written);
    return 0;
}

/* --- of this host ------------------------------------------------------------------ */

static int says(struct preparation *p, const char *const *argv, struct str words, bool *ret)
{
    const struct process_config config = { .argv = argv };
    struct process_output o;

    int ran = process_run(&config, PROBE_TIMEOUT, PROBE_OUTPUT, p->a, &o, NULL);
    *ret = false;
    if (ran == PROCESS_NOT_STARTED)
        return 0;
    TRY(ran);
    *ret = o.status.is_exited && o.status.code == 0 && str_starts(o.out, words);
    return 0;
}

static int find_family(struct preparation *p)
{
    static const char *const deb[] = {
        "dpkg-query", "-W", "-f", "${Status}", "patchbay-agent", NULL
    };
    static const char *const rpm[] = { "rpm", "-q", "patchbay-agent", NULL };
    bool is_it;

    TRY(says(p, deb, S("install ok "), &is_it));
    p->family = S("deb");
    p->arch = S(DEB_ARCH);
    if (is_it)
        return 0;
    TRY(says(p, rpm, S("patchbay-agent-"), &is_it));
    p->family = S("rpm");
    p->arch = S(RPM_ARCH);
    return is_it ? 0 : refuse(p, S("this agent was not installed from a package"));
}

static int read_strings(struct preparation *p, pid_t pid, const char *name, struct strs *ret)
{
    struct str text, one;
    size_t n = 0;

    int read = file_read(p->a, arena_fmt(p->a, "/proc/%d/%s", (int)pid, name).p, PROC_LIMIT, &text);
    if (read > 0)
        return refuse(p, S("the agent that runs cannot be looked at"));
    TRY(read);
    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == '\0';
    *ret = (struct strs){ arena_array(p->a, struct str, n + 1), 0 };
    while (ret->count < n && str_next(&text, '\0', &one))
        if (str_is_utf8(one)) /* the record is JSON */
            ret->items[ret->count++] = one;
    return 0;
}

/* How it is started again: by systemd if that has started it, else as it was. */
static int find_agent(struct preparation *p)
{
    static const char *const main_pid[] = {
        "systemctl", "show", "--property=MainPID", "--value", "patchbay-agent.service", NULL
    };
    struct presence agent;

    presence_read(p->a, p->order->state, &agent);
    if (!agent.is_running)
        return refuse(p, S("no agent runs here: there is nothing that could say whether the new "
                           "version works"));
    PASS(read_strings(p, agent.pid, "cmdline", &p->update->argv));
    PASS(read_strings(p, agent.pid, "environ", &p->update->env));
    if (p->update->argv.count < 2)
        return refuse(p, S("the agent that runs cannot be looked at"));
    if (file_exists("/run/systemd/system"))
        TRY(says(p, main_pid, arena_fmt(p->a, "%d\n", (int)agent.pid), &p->update->has_systemd));
    return 0;
}

/* The installed program may be the one that does not start: this one does. */
static int keep_program(struct preparation *p)
{
    const char *path = updater_path(p->a, p->order->state, "updater");
    const char *const argv[] = { path, "--version", NULL };
    struct arena scratch = { 0 };
    struct str program;
    bool runs;

    int copied = file_read(&scratch, "/proc/self/exe", PROGRAM_LIMIT, &program);
    if (copied == 0)
        copied = file_write(path, program, 0700);
    arena_done(&scratch);
    if (copied == FILE_NO_SPACE)
        return refuse(p, S("there is no space for a copy of this program"));
    TRY(copied);
    TRY(says(p, argv, S("patchbay-agent "), &runs));
    return runs ? 0
                : refuse(p, arena_fmt(p->a, "%s cannot be run: is that file system noexec?", path));
}

/* --- the choice ----------------------------------------------------------------------- */

static int choose(struct preparation *p, const struct package **ret, bool *ret_nothing)
{
    struct str version = p->order->version;
    const struct package *found = manifest_find(&p->manifest, p->family, p->arch, version);

    if (!found)
        return refuse(p, arena_fmt(p->a, "the plane has no package %s%.*s for %.*s on %.*s",
                                   str_is_empty(version) ? "" : "of version ",
                                   str_is_empty(version) ? 0 : (int)version.len, version.p,
                                   STR(p->family), STR(p->arch)));
    int order = version_compare(found->version, S(PATCHBAY_VERSION));
    *ret = found;
    *ret_nothing = order == 0 || (order < 0 && str_is_empty(version));
    if (*ret_nothing)
        p->why = order == 0 ? S(PATCHBAY_VERSION " is installed already")
                            : S(PATCHBAY_VERSION " is newer than what the plane has");
    if (order < 0 && !*ret_nothing && !p->order->allows_downgrade)
        return refuse(p, arena_fmt(p->a,
                                   "%.*s is older than the installed " PATCHBAY_VERSION
                                   ", and a downgrade was not allowed",
                                   STR(found->version)));
    return 0;
}

/* The package of the installed version: kept since its installation, or signed in the manifest. */
static int get_way_back(struct preparation *p)
{
    struct update_side *old = &p->update->old;
    const struct package *listed =
        manifest_find(&p->manifest, p->family, p->arch, S(PATCHBAY_VERSION));
    bool is_deb = str_eq(p->family, S("deb"));

    if (listed)
        return get_package(p, listed, old);
    old->version = S(PATCHBAY_VERSION);
    old->file = arena_fmt(p->a, is_deb ? "patchbay-agent_%s_%s.deb" : "patchbay-agent-%s.%s.rpm",
                          PATCHBAY_VERSION, is_deb ? DEB_ARCH : RPM_ARCH);
    old->sum = updater_sum(p->a, package_path(p, old->file));
    if (!str_is_set(old->sum))
        return refuse(p, S("neither this host nor the plane has the package of the installed "
                           "version " PATCHBAY_VERSION ": there would be no way back"));
    return 0;
}

static int prepare(struct preparation *p, bool *ret_nothing)
{
    const struct package *package;

    PASS(find_family(p));
    PASS(get_manifest(p));
    PASS(choose(p, &package, ret_nothing));
    if (*ret_nothing)
        return 0;
    PASS(find_agent(p));
    PASS(get_package(p, package, &p->update->new));
    PASS(get_way_back(p));
    PASS(keep_program(p));
    p->update->family = p->family;
    p->update->patience = p->order->patience;
    TRY(updater_save(p->order->state, p->update));
    return 0;
}

int updater_prepare(struct arena *a, const struct update_order *order, struct update *ret,
                    bool *ret_nothing, struct str *ret_why)
{
    struct preparation p = { .a = a, .order = order, .update = ret };

    *ret = (struct update){ .phase = UPDATE_READY };
    *ret_nothing = false;
    int known = identity_read(a, order->state, &p.identity);
    if (known == IDENTITY_ABSENT || known == IDENTITY_DAMAGED) {
        *ret_why = S("this host is not registered: it has no plane to be updated from");
        return UPDATER_REFUSED;
    }
    TRY(known);
    p.client = http_client_new();
    int result = prepare(&p, ret_nothing);
    http_client_free(p.client);
    *ret_why = p.why;
    PASS(result);
    return 0;
}
