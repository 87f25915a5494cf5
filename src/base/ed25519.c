/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/crypto.h"

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static void free_md(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

bool ed25519_verify(struct str spki_pem, struct str data, struct str signature)
{
    if (str_is_empty(spki_pem) || spki_pem.len > INT32_MAX)
        return false;
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(spki_pem.p, (int)spki_pem.len);
    CLEANUP(free_pkey) EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519)
        return false;

    CLEANUP(free_md) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    return ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) > 0 &&
           EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.len,
                            (const unsigned char *)data.p, data.len) == 1;
}
