/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/checksum.h"

#include "base/crypto.h"
#include "base/hex.h"

struct str checksum_name(enum checksum kind)
{
    static const struct str names[] = {
        [CHECKSUM_CRC32] = S_INIT("CRC32"),         [CHECKSUM_CRC32C] = S_INIT("CRC32C"),
        [CHECKSUM_CRC64NVME] = S_INIT("CRC64NVME"), [CHECKSUM_SHA1] = S_INIT("SHA1"),
        [CHECKSUM_SHA256] = S_INIT("SHA256"),
    };
    return names[kind];
}

/* A reflected CRC of any width up to 64 bits, with all ones before and after. The table
 * costs 2,048 steps, which is nothing next to an object. */
static uint64_t crc(uint64_t polynomial, uint64_t ones, struct str bytes)
{
    uint64_t table[256], c = ones;

    for (uint64_t i = 0; i < 256; i++) {
        uint64_t row = i;
        for (int bit = 0; bit < 8; bit++)
            row = row & 1 ? row >> 1 ^ polynomial : row >> 1;
        table[i] = row;
    }
    for (size_t i = 0; i < bytes.len; i++)
        c = table[(c ^ (uint8_t)bytes.p[i]) & 0xff] ^ c >> 8;
    return c ^ ones;
}

static struct str big_endian(struct arena *a, uint64_t n, size_t width)
{
    char text[8];

    for (size_t i = 0; i < width; i++)
        text[i] = (char)(n >> 8 * (width - 1 - i));
    return base64_encode(a, (struct str){ text, width });
}

struct str checksum_of(struct arena *a, enum checksum kind, struct str bytes)
{
    struct digest d;

    switch (kind) {
    case CHECKSUM_CRC32:
        return big_endian(a, crc(0xedb88320, UINT32_MAX, bytes), 4);
    case CHECKSUM_CRC32C:
        return big_endian(a, crc(0x82f63b78, UINT32_MAX, bytes), 4);
    case CHECKSUM_CRC64NVME:
        return big_endian(a, crc(0x9a6c9329ac4bc9b5, UINT64_MAX, bytes), 8);
    case CHECKSUM_SHA1:
        return base64_encode(a, sha1(a, bytes));
    case CHECKSUM_SHA256:
        d = sha256(bytes);
        return base64_encode(a, digest_str(&d));
    case CHECKSUM_COUNT:
        break;
    }
    return (struct str){ 0 };
}
