/* SPDX-License-Identifier: Apache-2.0 */
/* The RSA half of crypto.h: what a hybrid node proves itself with. */
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/crypto.h"

#define KEY_BITS 2048
#define SALT_LEN 32

struct rsa_key {
    EVP_PKEY *pkey;
};

static void free_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static void free_md(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

/* salt: a length, or RSA_PSS_SALTLEN_AUTO when verifying */
static bool set_pss(EVP_PKEY_CTX *ctx, int salt)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA256", NULL) > 0;
}

bool rsa_pss_verify(struct str spki_der, struct str data, struct str signature)
{
    const unsigned char *der = (const unsigned char *)spki_der.p;
    CLEANUP(free_pkey) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &der, (long)spki_der.len);
    if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA || EVP_PKEY_get_bits(pkey) < KEY_BITS ||
        EVP_PKEY_get_bits(pkey) > 2 * KEY_BITS)
        return false;

    CLEANUP(free_md) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    return ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, "SHA256", NULL, NULL, pkey, NULL) > 0 &&
           set_pss(pctx, RSA_PSS_SALTLEN_AUTO) &&
           EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.len,
                            (const unsigned char *)data.p, data.len) == 1;
}

static int wrap(EVP_PKEY *pkey, struct rsa_key **ret)
{
    struct rsa_key *key = OPENSSL_zalloc(sizeof(*key));
    if (!key) {
        EVP_PKEY_free(pkey);
        return FAULT(ENOMEM);
    }
    key->pkey = pkey;
    *ret = key;
    return 0;
}

int rsa_key_new(struct rsa_key **ret)
{
    EVP_PKEY *pkey = EVP_RSA_gen((unsigned)KEY_BITS);
    return pkey ? wrap(pkey, ret) : FAULT(EIO);
}

int rsa_key_from_der(struct str pkcs1_der, struct rsa_key **ret)
{
    const unsigned char *der = (const unsigned char *)pkcs1_der.p;
    EVP_PKEY *pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &der, (long)pkcs1_der.len);
    return pkey ? wrap(pkey, ret) : err_fault(EINVAL, "the private key is unreadable");
}

void rsa_key_free(struct rsa_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key);
}

static void free_encoder(OSSL_ENCODER_CTX **ctx)
{
    OSSL_ENCODER_CTX_free(*ctx);
}

static struct str encode(struct arena *a, const struct rsa_key *key, int selection,
                         const char *structure)
{
    CLEANUP(free_encoder)
    OSSL_ENCODER_CTX *ctx =
        OSSL_ENCODER_CTX_new_for_pkey(key->pkey, selection, "DER", structure, NULL);
    unsigned char *der = NULL;
    size_t len = 0;

    if (!ctx || !OSSL_ENCODER_to_data(ctx, &der, &len))
        abort();
    struct str copy = arena_dup(a, (struct str){ (char *)der, len });
    OPENSSL_clear_free(der, len);
    return copy;
}

struct str rsa_key_to_der(struct arena *a, const struct rsa_key *key)
{
    return encode(a, key, EVP_PKEY_KEYPAIR, "type-specific");
}

struct str rsa_key_public(struct arena *a, const struct rsa_key *key)
{
    return encode(a, key, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo");
}

struct str rsa_pss_sign(struct arena *a, const struct rsa_key *key, struct str data)
{
    CLEANUP(free_md) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *signature = arena_alloc(a, len);

    if (!ctx || EVP_DigestSignInit_ex(ctx, &pctx, "SHA256", NULL, NULL, key->pkey, NULL) <= 0 ||
        !set_pss(pctx, SALT_LEN) ||
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)data.p, data.len) <= 0)
        abort();
    return (struct str){ (char *)signature, len };
}
