/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many agents in one thread, each with a connection of its own: they register with an
 * activation, fetch their role's credentials, ping and poll, and answer every command with
 * Success. One RSA key pair serves them all; everything else is what an agent does.
 *
 *   fleet PORT REGION COUNT ACTIVATION-ID CODE [ACTIVATION-ID CODE]...
 *
 * An activation takes 1,000 nodes. Prints "polling COUNT" once all wait for messages and
 * "replied COUNT" each time all have answered one; ends with its standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "wire/sigv4.h"

#define PER_ACTIVATION 1000
#define STARTING       32 /* agents that are on their way to their first poll at once */
#define NOW            "2026-11-23T03:43:45.735Z"

enum step { REGISTER, TOKEN, PING, POLL, START, ACKNOWLEDGE, FINISH };

struct agent {
    enum step step;
    int fd;
    bool has_polled;
    char id[32], fingerprint[40];
    struct arena kept; /* credentials, the message in hand */
    struct sigv4_credentials credentials;
    struct str message, plugin;
    char *out, *in;
    size_t out_len, sent, in_len, in_size;
};

struct fleet {
    int epoll;
    uint16_t port;
    struct str host, region;
    char **activations; /* id, code, id, code... */
    struct rsa_key *key;
    struct str public_key;
    struct agent *agents;
    size_t count, n_started, n_polling, n_replied;
};

static void die(const char *what, struct str more)
{
    fprintf(stderr, "fleet: %s: %.*s\n", what, STR(more));
    exit(1);
}

/* --- requests ------------------------------------------------------------- */

static const char *const targets[] = {
    [REGISTER] = "AmazonSSM.RegisterManagedInstance",
    [TOKEN] = "AmazonSSM.RequestManagedInstanceRoleToken",
    [PING] = "AmazonSSM.UpdateInstanceInformation",
    [POLL] = "EC2WindowsMessageDeliveryService.GetMessages",
    [START] = "EC2WindowsMessageDeliveryService.SendReply",
    [ACKNOWLEDGE] = "EC2WindowsMessageDeliveryService.AcknowledgeMessage",
    [FINISH] = "EC2WindowsMessageDeliveryService.SendReply",
};

static struct str register_body(struct fleet *f, const struct agent *g, struct arena *a)
{
    char **activation = &f->activations[2 * ((size_t)(g - f->agents) / PER_ACTIVATION)];

    return arena_fmt(a,
                     "{\"ActivationId\":\"%s\",\"ActivationCode\":\"%s\",\"Fingerprint\":\"%s\","
                     "\"PublicKey\":\"%.*s\",\"PublicKeyType\":\"Rsa\"}",
                     activation[0], activation[1], g->fingerprint, STR(f->public_key));
}

static struct str reply_body(const struct agent *g, struct arena *a)
{
    bool is_last = g->step == FINISH;
    struct buf payload = buf_in(a), body = buf_in(a);

    buf_fmt(&payload,
            "{\"additionalInfo\":{\"agent\":{\"lang\":\"en-US\",\"name\":\"amazon-ssm-agent\","
            "\"os\":\"linux\",\"osver\":\"1\",\"ver\":\"3.3.484.0\"},\"dateTime\":\"" NOW "\","
            "\"runId\":\"\",\"runtimeStatusCounts\":null},\"documentStatus\":\"%s\","
            "\"documentTraceOutput\":\"\",\"runtimeStatus\":",
            is_last ? "Success" : "InProgress");
    if (is_last)
        buf_fmt(&payload,
                "{\"%.*s\":{\"status\":\"Success\",\"code\":0,\"name\":\"aws:runShellScript\","
                "\"output\":\"done\\n\",\"startDateTime\":\"" NOW "\",\"endDateTime\":\"" NOW
                "\",\"outputS3BucketName\":\"\",\"outputS3KeyPrefix\":\"\",\"stepName\":\"\","
                "\"standardOutput\":\"done\\n\",\"standardError\":\"\"}}}",
                STR(g->plugin));
    else
        buf_lit(&payload, "null}");
    buf_fmt(&body, "{\"MessageId\":\"%.*s\",\"ReplyId\":\"%.*s\",\"Payload\":", STR(g->message),
            STR(random_uuid(a)));
    json_write_string(&body, buf_str(&payload));
    buf_byte(&body, '}');
    return buf_str(&body);
}

static struct str body_of(struct fleet *f, const struct agent *g, struct arena *a)
{
    switch (g->step) {
    case REGISTER:
        return register_body(f, g, a);
    case TOKEN:
        return arena_fmt(a, "{\"Fingerprint\":\"%s\"}", g->fingerprint);
    case PING:
        return arena_fmt(a,
                         "{\"InstanceId\":\"%s\",\"AgentName\":\"amazon-ssm-agent\","
                         "\"AgentVersion\":\"3.3.484.0\",\"AgentStatus\":\"Active\","
                         "\"PlatformType\":\"Linux\",\"PlatformName\":\"Debian GNU/Linux\","
                         "\"PlatformVersion\":\"12\",\"ComputerName\":\"host\","
                         "\"IPAddress\":\"192.0.2.7\"}",
                         g->id);
    case POLL:
        return arena_fmt(a,
                         "{\"Destination\":\"%s\",\"MessagesRequestId\":\"%.*s\","
                         "\"VisibilityTimeoutInSeconds\":120}",
                         g->id, STR(random_uuid(a)));
    case ACKNOWLEDGE:
        return arena_fmt(a, "{\"MessageId\":\"%.*s\"}", STR(g->message));
    case START:
    case FINISH:
        return reply_body(g, a);
    }
    return S("");
}

static msec now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * MSEC_SECOND + t.tv_nsec / 1000000;
}

static struct http_header *sign(struct fleet *f, struct agent *g, struct arena *a,
                                const struct http_request *r, size_t *ret_count)
{
    *ret_count = 0;
    if (g->step == REGISTER)
        return NULL;
    if (g->step == TOKEN)
        return sigv4_sign_rsa(a, r, str_of(g->id), f->key, f->region, S("ssm"), now(), ret_count);
    return sigv4_sign(a, r, &g->credentials, f->region,
                      g->step == PING ? S("ssm") : S("ec2messages"), now(), ret_count);
}

static void put_header(struct buf *b, const struct http_header *h)
{
    buf_fmt(b, "%.*s: %.*s\r\n", STR(h->name), STR(h->value));
}

static void begin_request(struct fleet *f, struct agent *g)
{
    struct arena a = { 0 };
    struct http_header headers[] = {
        { S("Host"), f->host },
        { S("Content-Type"), S("application/x-amz-json-1.1") },
        { S("X-Amz-Target"), str_of(targets[g->step]) },
    };
    struct http_request r = { .method = S("POST"),
                              .path = S("/"),
                              .query = S(""),
                              .headers = headers,
                              .n_headers = ARRAY_LEN(headers),
                              .body = body_of(f, g, &a) };
    size_t n_added;
    struct http_header *added = sign(f, g, &a, &r, &n_added);
    struct buf b = buf_in(&a);

    buf_fmt(&b, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n", r.body.len);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        put_header(&b, &headers[i]);
    for (size_t i = 0; i < n_added; i++)
        put_header(&b, &added[i]);
    buf_lit(&b, "\r\n");
    buf_add(&b, r.body);
    g->out = malloc(b.len);
    if (!g->out)
        abort();
    memcpy(g->out, b.p, b.len);
    g->out_len = b.len;
    g->sent = 0;
    arena_done(&a);
}

/* --- answers -------------------------------------------------------------- */

static void keep_credentials(struct agent *g, const struct value *v)
{
    g->credentials = (struct sigv4_credentials){
        .access_key = arena_dup(&g->kept, value_get_str(v, S("AccessKeyId"))),
        .secret = arena_dup(&g->kept, value_get_str(v, S("SecretAccessKey"))),
        .token = arena_dup(&g->kept, value_get_str(v, S("SessionToken"))),
    };
}

/* The first message of a poll's answer, or none. */
static bool take_message(struct agent *g, struct arena *a, const struct value *v)
{
    const struct value *message = value_at(value_get(v, S("Messages")), 0);
    struct value *payload;

    if (!message)
        return false;
    if (json_parse(a, value_get_str(message, S("Payload")), &payload, NULL) != 0)
        die("a payload is no JSON", S(""));
    const struct value *document = value_get(payload, S("DocumentContent"));
    const struct value *step = value_at(value_get(document, S("mainSteps")), 0);
    g->message = arena_dup(&g->kept, value_get_str(message, S("MessageId")));
    g->plugin = arena_dup(&g->kept, value_get_str(step, S("name")));
    return true;
}

static enum step next_step(struct fleet *f, struct agent *g, struct arena *a, struct value *v)
{
    switch (g->step) {
    case REGISTER:
        snprintf(g->id, sizeof(g->id), "%.*s", STR(value_get_str(v, S("InstanceId"))));
        return TOKEN;
    case TOKEN:
        keep_credentials(g, v);
        return PING;
    case PING:
        return POLL;
    case POLL:
        return take_message(g, a, v) ? START : POLL;
    case START:
        return ACKNOWLEDGE;
    case ACKNOWLEDGE:
        return FINISH;
    case FINISH:
        if (++f->n_replied % f->count == 0)
            printf("replied %zu\n", f->count);
        return POLL;
    }
    return POLL;
}

static void start_more(struct fleet *f);

static void answered(struct fleet *f, struct agent *g, struct str head, struct str body)
{
    struct arena a = { 0 };
    struct value *v = NULL;

    if (!str_starts(head, S("HTTP/1.1 200")))
        die(targets[g->step], body);
    if (body.len > 0 && json_parse(&a, body, &v, NULL) != 0)
        die("an answer is no JSON", body);
    g->step = next_step(f, g, &a, v);
    arena_done(&a);
    free(g->in);
    g->in = NULL;
    g->in_len = g->in_size = 0;
    begin_request(f, g);
    if (g->step == POLL && !g->has_polled) {
        g->has_polled = true;
        if (++f->n_polling == f->count)
            printf("polling %zu\n", f->count);
        start_more(f);
    }
}

/* The answer is whole: its length, else 0. */
static size_t answer_size(const struct agent *g, size_t *ret_head)
{
    const char *end = memmem(g->in, g->in_len, "\r\n\r\n", 4);
    const char *length = end ? strcasestr(g->in, "\r\nContent-Length:") : NULL;

    if (!end)
        return 0;
    if (!length || length > end)
        die("an answer without a length", str_of(g->in));
    *ret_head = (size_t)(end + 4 - g->in);
    size_t size = *ret_head + (size_t)atol(length + 17);
    return g->in_len >= size ? size : 0;
}

/* --- connections ---------------------------------------------------------- */

static bool can_send(struct agent *g)
{
    while (g->out) {
        ssize_t n =
            send(g->fd, g->out + g->sent, g->out_len - g->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return false;
        if (n <= 0)
            die("send", str_of(strerror(errno)));
        g->sent += (size_t)n;
        if (g->sent == g->out_len) {
            free(g->out);
            g->out = NULL;
        }
    }
    return true;
}

static void converse(struct fleet *f, struct agent *g)
{
    while (can_send(g)) {
        if (g->in_size - g->in_len < 4096) {
            g->in_size = g->in_size ? g->in_size * 2 : 8192;
            g->in = realloc(g->in, g->in_size);
            if (!g->in)
                abort();
        }
        ssize_t n = recv(g->fd, g->in + g->in_len, g->in_size - g->in_len - 1, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            if (g->in_len == 0) { /* nothing is held while waiting */
                free(g->in);
                g->in = NULL;
                g->in_size = 0;
            }
            return;
        }
        if (n <= 0)
            die("the server hung up", str_of(targets[g->step]));
        g->in_len += (size_t)n;
        g->in[g->in_len] = '\0';
        size_t head = 0, size = answer_size(g, &head);
        if (size > 0)
            answered(f, g, (struct str){ g->in, head }, (struct str){ g->in + head, size - head });
    }
}

static void start_agent(struct fleet *f, struct agent *g)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(f->port) };
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = g };

    snprintf(g->fingerprint, sizeof(g->fingerprint), "00000000-0000-0000-0000-%012zu",
             (size_t)(g - f->agents));
    g->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (g->fd < 0 || connect(g->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        epoll_ctl(f->epoll, EPOLL_CTL_ADD, g->fd, &event) != 0)
        die("connect", str_of(strerror(errno)));
    begin_request(f, g);
}

static void start_more(struct fleet *f)
{
    while (f->n_started < f->count && f->n_started - f->n_polling < STARTING)
        start_agent(f, &f->agents[f->n_started++]);
}

static void live(struct fleet *f)
{
    struct epoll_event input = { .events = EPOLLIN }, events[256];

    epoll_ctl(f->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    start_more(f);
    for (;;) {
        int n = epoll_wait(f->epoll, events, ARRAY_LEN(events), -1);
        for (int i = 0; i < n; i++) {
            char byte;
            if (events[i].data.ptr)
                converse(f, events[i].data.ptr);
            else if (read(STDIN_FILENO, &byte, 1) <= 0)
                return;
        }
    }
}

int main(int argc, char **argv)
{
    struct arena a = { 0 };
    struct rlimit files;
    struct fleet f = { .epoll = epoll_create1(EPOLL_CLOEXEC) };

    if (argc < 6 || argc % 2 != 0 || atoi(argv[3]) <= 0 ||
        atoi(argv[3]) > PER_ACTIVATION * (argc - 4) / 2) {
        fprintf(stderr, "usage: fleet PORT REGION COUNT ACTIVATION-ID CODE [ID CODE]...\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdout, NULL, _IOLBF, 0);
    f.port = (uint16_t)atoi(argv[1]);
    f.host = arena_fmt(&a, "127.0.0.1:%s", argv[1]);
    f.region = str_of(argv[2]);
    f.count = (size_t)atoi(argv[3]);
    f.activations = argv + 4;
    if (rsa_key_new(&f.key) != 0)
        die("no key", S(""));
    f.public_key = base64_encode(&a, rsa_key_public(&a, f.key));
    f.agents = calloc(f.count, sizeof(*f.agents));
    if (!f.agents)
        abort();
    live(&f);
    return 0;
}
