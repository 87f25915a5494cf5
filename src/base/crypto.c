/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <sys/random.h>
#include <threads.h>

#include "base/hex.h"

#define NONCE_SIZE 12
#define TAG_SIZE   16

/* Fetching an algorithm costs more than hashing a request with it, so each is
 * fetched once a process; contexts are one a thread and never freed while it
 * lives (LIBRARIES.md has the figures). */
static struct {
    EVP_MD *sha256;
    EVP_MAC *hmac;
    EVP_CIPHER *gcm;
} algorithm;
static once_flag algorithm_once = ONCE_FLAG_INIT;
static tss_t thread_contexts;

/* Every answer has an id of its own: one system call is enough for many of them. */
#define POOL_SIZE 1024

struct contexts {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
    size_t n_pool; /* bytes of the pool that are not used yet */
    unsigned char pool[POOL_SIZE];
};

static void free_contexts(void *p)
{
    struct contexts *c = p;
    EVP_MD_CTX_free(c->digest);
    EVP_MAC_CTX_free(c->mac);
    free(c);
}

static void fetch_algorithms(void)
{
    algorithm.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithm.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    algorithm.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!algorithm.sha256 || !algorithm.hmac || !algorithm.gcm ||
        tss_create(&thread_contexts, free_contexts) != thrd_success)
        abort();
}

static struct contexts *contexts(void)
{
    call_once(&algorithm_once, fetch_algorithms);

    struct contexts *c = tss_get(thread_contexts);
    if (c)
        return c;
    c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->digest = EVP_MD_CTX_new();
    c->mac = EVP_MAC_CTX_new(algorithm.hmac);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
        OSSL_PARAM_construct_end(),
    };
    if (!c->digest || !c->mac || !EVP_MAC_CTX_set_params(c->mac, params))
        abort();
    tss_set(thread_contexts, c);
    return c;
}

struct digest sha256(struct str data)
{
    struct contexts *c = contexts();
    struct digest out;

    if (!EVP_DigestInit_ex2(c->digest, algorithm.sha256, NULL) ||
        !EVP_DigestUpdate(c->digest, data.p, data.len) ||
        !EVP_DigestFinal_ex(c->digest, out.bytes, NULL))
        abort();
    return out;
}

struct str sha256_hex(struct arena *a, struct str data)
{
    struct digest d = sha256(data);
    return hex_encode(a, digest_str(&d));
}

static struct str digest_of(struct arena *a, struct str data, const char *name, size_t size)
{
    unsigned char *out = arena_alloc(a, size);
    size_t len = 0;

    if (!EVP_Q_digest(NULL, name, NULL, data.p, data.len, out, &len) || len != size)
        abort();
    return (struct str){ (char *)out, size };
}

struct str md5(struct arena *a, struct str data)
{
    return digest_of(a, data, "MD5", 16);
}

struct str sha1(struct arena *a, struct str data)
{
    return digest_of(a, data, "SHA1", 20);
}

struct digest hmac_sha256(struct str key, struct str data)
{
    struct contexts *c = contexts();
    struct digest out;
    size_t len = 0;
    /* OpenSSL takes no NULL key, however short. */
    const unsigned char *k = (const unsigned char *)(key.len ? key.p : "");

    if (!EVP_MAC_init(c->mac, k, key.len, NULL) ||
        !EVP_MAC_update(c->mac, (const unsigned char *)data.p, data.len) ||
        !EVP_MAC_final(c->mac, out.bytes, &len, sizeof(out.bytes)))
        abort();
    return out;
}

bool crypto_equal(struct str a, struct str b)
{
    return a.len == b.len && CRYPTO_memcmp(a.len ? a.p : "", b.len ? b.p : "", a.len) == 0;
}

void crypto_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}

void random_bytes(void *p, size_t len)
{
    char *at = p;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

struct str random_hex(struct arena *a, size_t n_digits)
{
    return random_text(a, n_digits, "0123456789abcdef");
}

struct str random_text(struct arena *a, size_t len, const char *alphabet)
{
    size_t n = strlen(alphabet);
    size_t limit = 256 / n * n; /* bytes from there on would favour the first letters */
    char *p = arena_alloc(a, len + 1);

    assert(n > 0 && n <= 256);
    for (size_t i = 0; i < len;) {
        unsigned char pool[64];
        random_bytes(pool, sizeof(pool));
        for (size_t k = 0; k < sizeof(pool) && i < len; k++)
            if (pool[k] < limit)
                p[i++] = alphabet[pool[k] % n];
    }
    return (struct str){ p, len };
}

/* For ids. What is a secret comes from random_bytes(). */
static void pooled_bytes(unsigned char *p, size_t len)
{
    struct contexts *c = contexts();

    if (c->n_pool < len) {
        random_bytes(c->pool, sizeof(c->pool));
        c->n_pool = sizeof(c->pool);
    }
    c->n_pool -= len;
    memcpy(p, c->pool + c->n_pool, len);
    memset(c->pool + c->n_pool, 0, len);
}

struct str random_uuid(struct arena *a)
{
    unsigned char b[16];

    pooled_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);

    static const char hex[] = "0123456789abcdef";
    char text[36];
    size_t at = 0;
    for (size_t i = 0; i < sizeof(b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = hex[b[i] >> 4];
        text[at++] = hex[b[i] & 15];
    }
    return arena_dup(a, (struct str){ text, at });
}

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

struct str seal(struct arena *a, const uint8_t key[SEAL_KEY_SIZE], struct str about,
                struct str plain)
{
    contexts();
    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char *out = arena_alloc(a, NONCE_SIZE + plain.len + TAG_SIZE);
    unsigned char *body = out + NONCE_SIZE;
    int n = 0;

    random_bytes(out, NONCE_SIZE);
    if (!ctx || plain.len > INT32_MAX || !EVP_EncryptInit_ex2(ctx, algorithm.gcm, key, out, NULL) ||
        !EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)about.p, (int)about.len) ||
        !EVP_EncryptUpdate(ctx, body, &n, (const unsigned char *)plain.p, (int)plain.len) ||
        !EVP_EncryptFinal_ex(ctx, body + plain.len, &n) ||
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, body + plain.len))
        abort();
    return (struct str){ (char *)out, NONCE_SIZE + plain.len + TAG_SIZE };
}

bool unseal(struct arena *a, const uint8_t key[SEAL_KEY_SIZE], struct str about, struct str box,
            struct str *ret_plain)
{
    contexts();
    if (box.len < NONCE_SIZE + TAG_SIZE || box.len > INT32_MAX)
        return false;

    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t len = box.len - NONCE_SIZE - TAG_SIZE;
    unsigned char *out = arena_alloc(a, len + 1);
    unsigned char tag[TAG_SIZE];
    const unsigned char *in = (const unsigned char *)box.p;
    int n = 0;

    memcpy(tag, in + NONCE_SIZE + len, TAG_SIZE);
    if (!ctx || !EVP_DecryptInit_ex2(ctx, algorithm.gcm, key, in, NULL) ||
        !EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)about.p, (int)about.len) ||
        !EVP_DecryptUpdate(ctx, out, &n, in + NONCE_SIZE, (int)len) ||
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) ||
        EVP_DecryptFinal_ex(ctx, out + len, &n) <= 0)
        return false;
    *ret_plain = (struct str){ (char *)out, len };
    return true;
}
