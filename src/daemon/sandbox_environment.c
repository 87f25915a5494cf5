/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One environment: a folder with the function's code and a socket, and a tree
 * of processes below bubblewrap. Inside there is /usr of this host, the code
 * at /var/task, a /tmp of its own, a loopback interface, and nothing else.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/zip.h"
#include "daemon/sandbox_private.h"
#include "sys/clock.h"
#include "sys/file.h"

#define MAX_ZIP   ((size_t)64 * 1024 * 1024)
#define MAX_FILES 20000
#define MAX_BYTES ((size_t)256 * 1024 * 1024)
#define TMP_SIZE  "536870912" /* Lambda: 512 MB of /tmp */

static bool is_python(const struct sandbox_invocation *in)
{
    return str_starts(in->runtime, S("python3."));
}

/* --- code ----------------------------------------------------------------- */

static int write_code_file(struct environment *e, const char *task, const struct zip_file *file)
{
    const char *path = arena_fmt(&e->arena, "%s/%.*s", task, STR(file->name)).p;
    ptrdiff_t slash = str_rfind(str_of(path), '/');
    mode_t mode = file->is_executable ? 0755 : 0644;
    size_t done = 0;

    TRY(file_make_dirs(arena_cstr(&e->arena, (struct str){ path, (size_t)slash }), 0755));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_fault(errno, "cannot write %s: %s", path, strerror(errno));
    while (done < file->bytes.len) {
        ssize_t n = write(fd, file->bytes.p + done, file->bytes.len - done);
        if (n < 0) {
            int error = errno;
            close(fd);
            return err_fault(error, "cannot write %s: %s", path, strerror(error));
        }
        done += (size_t)n;
    }
    close(fd);
    return 0;
}

static int unpack(struct environment *e, const struct sandbox_invocation *in, struct arena *a)
{
    static const struct zip_limits limits = { MAX_FILES, MAX_BYTES };
    const char *task = arena_fmt(&e->arena, "%s/task", e->folder).p;
    const struct blob_port *blobs = &e->sandbox->plane->blobs;
    bool has_entry = is_python(in);
    struct str archive;
    struct zip_file *files;
    size_t count;

    TRY(blobs->get(blobs->context, in->code, MAX_ZIP, a, &archive));
    TRY(zip_unpack(a, archive, &limits, &files, &count, NULL));
    TRY(file_make_dirs(task, 0755));
    for (size_t i = 0; i < count; i++) {
        TRY(write_code_file(e, task, &files[i]));
        has_entry |= str_eq(files[i].name, S("bootstrap")) && files[i].is_executable;
    }
    return has_entry ? 0 : ENVIRONMENT_NO_ENTRY;
}

/* --- its environment variables -------------------------------------------- */

static void set_default(struct arena *a, struct value *v, struct str name, struct str value)
{
    if (!value_get(v, name))
        value_set_str(a, v, name, value);
}

/* What a user may set is a default here; what the plane needs is not. */
static struct value *variables(const struct sandbox_invocation *in, struct arena *a)
{
    struct value *v = in->environment ? value_copy(a, in->environment) : value_map(a);

    set_default(a, v, S("PATH"), S("/usr/local/bin:/usr/bin:/bin:/opt/bin"));
    set_default(a, v, S("LD_LIBRARY_PATH"), S("/var/task:/var/task/lib"));
    set_default(a, v, S("LANG"), S("C.UTF-8"));
    set_default(a, v, S("TZ"), S("UTC"));
    set_default(a, v, S("HOME"), S("/tmp"));
    set_default(a, v, S("AWS_ENDPOINT_URL"), S("http://127.0.0.1:9001"));
    value_set_str(a, v, S("AWS_EC2_METADATA_DISABLED"), S("true"));
    value_set_str(a, v, S("AWS_LAMBDA_RUNTIME_API"), S("127.0.0.1:9001"));
    value_set_str(a, v, S("AWS_LAMBDA_INITIALIZATION_TYPE"), S("on-demand"));
    value_set_str(a, v, S("LAMBDA_TASK_ROOT"), S("/var/task"));
    value_set_str(a, v, S("LAMBDA_RUNTIME_DIR"), S("/var/runtime"));
    if (is_python(in)) {
        set_default(a, v, S("PYTHONPATH"), S("/var/runtime"));
        value_set_str(a, v, S("PYTHONDONTWRITEBYTECODE"), S("1"));
    }
    return v;
}

/* As the host program reads it: "NAME=value" and a NUL each, in memory only. */
static int write_variables(const struct sandbox_invocation *in, struct arena *a, int *ret_fd)
{
    const struct value *v = variables(in, a);
    struct buf b = buf_in(a);

    for (size_t i = 0; i < value_count(v); i++) {
        struct str value = value_str(v->map.members[i].value);
        if (memchr(value.p ? value.p : "", '\0', value.len))
            continue;
        buf_fmt(&b, "%.*s=%.*s", STR(v->map.members[i].key), STR(value));
        buf_byte(&b, '\0');
    }
    int fd = memfd_create("environment", MFD_CLOEXEC);
    if (fd < 0)
        return FAULT(errno);
    *ret_fd = fd;
    if (write(fd, b.p, b.len) != (ssize_t)b.len)
        return FAULT(errno ? errno : EIO);
    return 0;
}

/* --- bubblewrap ----------------------------------------------------------------------------------
 */

struct arguments {
    const char *items[96];
    size_t count;
};

static void add(struct arguments *l, const char *const *items, size_t count)
{
    assert(l->count + count < ARRAY_LEN(l->items));
    for (size_t i = 0; i < count; i++)
        l->items[l->count++] = items[i];
}

#define ADD(list, ...)                                                                             \
    add((list), (const char *const[]){ __VA_ARGS__ },                                              \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* /bin and its like are links into /usr on most systems of today. */
static void add_system(struct arguments *l, struct arena *a)
{
    static const char *const folders[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64" };
    /* Certificates, the loader's cache, what /usr links to; no users, no hosts, no names. */
    static const char *const files[] = { "/etc/ssl",         "/etc/pki",
                                         "/etc/ld.so.cache", "/etc/alternatives",
                                         "/etc/localtime",   "/etc/crypto-policies" };

    ADD(l, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char target[256];
        ssize_t n = readlink(folders[i], target, sizeof(target));
        if (n > 0)
            ADD(l, "--symlink", arena_cstr(a, (struct str){ target, (size_t)n }), folders[i]);
        else
            ADD(l, "--ro-bind-try", folders[i], folders[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        ADD(l, "--ro-bind-try", files[i], files[i]);
}

static void add_own(struct arguments *l, const struct environment *e, struct arena *a)
{
    ADD(l, "--ro-bind", arena_fmt(a, "%s/task", e->folder).p, "/var/task");
    ADD(l, "--ro-bind", e->sandbox->host_program, "/run/patchbay/function-host");
    ADD(l, "--ro-bind", e->sandbox->bootstrap, "/var/runtime/bootstrap.py");
    ADD(l, "--ro-bind", e->socket, "/run/patchbay/plane.sock");
}

/* The user is the one that AWS has; outside it is patchbayd's own, without any privilege. */
static void command_line(struct arguments *l, const struct environment *e,
                         const struct sandbox_invocation *in, struct arena *a)
{
    ADD(l, "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--uid", "993", "--gid",
        "990", "--hostname", "function", "--die-with-parent", "--new-session", "--as-pid-1");
    add_system(l, a);
    ADD(l, "--proc", "/proc", "--dev", "/dev", "--size", TMP_SIZE, "--tmpfs", "/tmp");
    add_own(l, e, a);
    /* Where patchbayd is root, so is the function to files outside: /proc/sys is root's to write.
     */
    ADD(l, "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", "/var/task", "--");
    ADD(l, "/run/patchbay/function-host", "/run/patchbay/plane.sock",
        arena_fmt(a, "%lld", (long long)in->memory_mb).p);
    if (is_python(in))
        ADD(l, "/usr/bin/python3", "/var/runtime/bootstrap.py");
    else
        ADD(l, "/var/task/bootstrap");
}

static int make_pipe(int *ret_read, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAULT(errno);
    *ret_read = ends[0];
    *ret_write = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return FAULT(errno);
    return 0;
}

/* What is handed over and not ours to keep. */
struct handed {
    int output, ready, variables;
};

static int spawn(struct environment *e, const struct sandbox_invocation *in, struct arena *a,
                 struct handed *h)
{
    static const char *const nothing[] = { "PATH=/usr/bin:/bin", NULL };
    struct arguments arguments = { 0 };
    struct str why;

    TRY(make_pipe(&e->output, &h->output));
    TRY(make_pipe(&e->ready, &h->ready));
    TRY(write_variables(in, a, &h->variables));
    command_line(&arguments, e, in, a);
    const int keep[] = { h->variables, h->ready };
    const struct process_config config = {
        .argv = arguments.items,
        .env = nothing,
        .cwd = "/",
        .out = h->output,
        .err = h->output,
        .keep = keep,
        .n_keep = ARRAY_LEN(keep),
    };
    int result = process_start(&config, a, &e->process, &why);
    if (result == PROCESS_NOT_STARTED)
        return err_fault(ENOENT, "functions need bubblewrap: %.*s", STR(why));
    TRY(result);
    return 0;
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int spawn_and_close(struct environment *e, const struct sandbox_invocation *in,
                           struct arena *a)
{
    struct handed h = { -1, -1, -1 };
    int result = spawn(e, in, a, &h);

    close_if(h.output);
    close_if(h.ready);
    close_if(h.variables);
    TRY(result);
    return 0;
}

/* --- start and end -------------------------------------------------------- */

static int build(struct environment *e, const struct sandbox_invocation *in, struct arena *a)
{
    struct sandbox *s = e->sandbox;

    if (!s->host_program || !s->bootstrap)
        return err_fault(ENOENT, "patchbay-function-host and bootstrap.py are not installed "
                                 "beside patchbayd: functions cannot run");
    if (is_python(in) && !file_exists("/usr/bin/python3"))
        return err_fault(ENOENT, "there is no /usr/bin/python3 for Python functions");
    if (e->wake < 0)
        return FAULT(EMFILE);
    PASS(unpack(e, in, a));
    TRY(http_server_add_unix(s->server, e->socket, e->id));
    e->is_serving = true;
    e->started_at = clock_monotonic();
    TRY(spawn_and_close(e, in, a));
    return 0;
}

struct environment *environment_new(struct sandbox *s, const struct sandbox_invocation *in)
{
    struct environment *e = calloc(1, sizeof(*e));

    if (!e)
        abort();
    e->sandbox = s;
    e->output = e->ready = -1;
    e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->is_busy = e->is_new = true;
    e->id = random_hex(&e->arena, 16);
    e->function_arn = arena_dup(&e->arena, in->function_arn);
    e->version_id = arena_dup(&e->arena, in->version_id);
    e->folder = arena_fmt(&e->arena, "%s/%.*s", s->folder, STR(e->id)).p;
    e->socket = arena_fmt(&e->arena, "%s/plane.sock", e->folder).p;
    return e;
}

int environment_start(struct environment *e, const struct sandbox_invocation *in)
{
    struct arena a = { 0 };
    int result = build(e, in, &a);

    arena_done(&a);
    PASS(result);
    return 0;
}

void environment_wake(struct environment *e)
{
    uint64_t one = 1;
    if (write(e->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
        abort(); /* nobody would wait for the right moment any more */
}

static void refuse_poll(struct environment *e)
{
    pthread_mutex_lock(&e->sandbox->lock);
    struct http_exchange *poll = e->poll;
    e->poll = NULL;
    pthread_mutex_unlock(&e->sandbox->lock);
    if (poll)
        http_answer(poll, &(struct http_response){ .status = 503 });
}

void environment_end(struct environment *e)
{
    struct process_status status;

    if (e->process.pid > 0 && process_end(&e->process, 0, &status) != 0)
        log_error("ending a function: %s", err_trace());
    refuse_poll(e);
    if (e->is_serving)
        http_server_remove_unix(e->sandbox->server, e->socket);
    close_if(e->output);
    close_if(e->ready);
    close_if(e->wake);
    if (file_remove_tree(e->folder) != 0)
        log_warning("%s stays until the next start: %s", e->folder, err_trace());
    arena_done(&e->answers);
    arena_done(&e->arena);
    free(e);
}
