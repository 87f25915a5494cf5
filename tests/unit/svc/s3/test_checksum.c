/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/checksum.h"

#include "../../test.h"
#include "base/hex.h"
#include "svc/s3/chunked.h"

static void assert_checksum(enum checksum kind, const char *hex)
{
    struct arena a = { 0 };
    struct str bytes;

    assert_true(base64_decode(&a, checksum_of(&a, kind, S("123456789")), &bytes));
    assert_true(str_eq(hex_encode(&a, bytes), str_of(hex)));
    arena_done(&a);
}

/* The check values of the catalogue of CRC algorithms. */
static void checksums_are_the_published_ones(void **state)
{
    (void)state;
    assert_checksum(CHECKSUM_CRC32, "cbf43926");
    assert_checksum(CHECKSUM_CRC32C, "e3069283");
    assert_checksum(CHECKSUM_CRC64NVME, "ae8b14860a799888");
    assert_checksum(CHECKSUM_SHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
}

static void chunks_are_joined(void **state)
{
    struct arena a = { 0 };
    struct chunked c;
    (void)state;

    assert_true(
        chunked_decode(&a, S("3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\na:b \r\nc: d\r\n\r\n"), &c));
    assert_true(str_eq(c.bytes, S("abc0123456789")));
    assert_int_equal(c.n_trailers, 2);
    assert_true(str_eq(c.trailers[0].value, S("b")));
    assert_true(str_eq(c.trailers[1].name, S("c")));
    arena_done(&a);
}

static void what_is_no_chunks_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "0",
        "abc",
        "3\r\nabc",
        "3\r\nabcd\r\n0\r\n\r\n",
        "4\r\nabc\r\n0\r\n\r\n",
        "fffffffff\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\nmore",
        "ffffffff\r\nabc\r\n0\r\n\r\n",
    };
    struct arena a = { 0 };
    struct chunked c;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(chunked_decode(&a, str_of(bad[i]), &c));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_the_published_ones),
        cmocka_unit_test(chunks_are_joined),
        cmocka_unit_test(what_is_no_chunks_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
