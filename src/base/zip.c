/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zip.h"

#include <sys/stat.h>
#include <zip.h>

#define UNIX 3 /* ZIP_OPSYS_UNIX's attributes hold the mode in their upper half */

static void discard(zip_t **archive)
{
    if (*archive)
        zip_discard(*archive);
}

static void close_file(zip_file_t **file)
{
    if (*file)
        zip_fclose(*file);
}

static int refuse(struct str *ret_why, const char *why)
{
    *ret_why = str_of(why);
    return ZIP_MALFORMED;
}

static bool is_inside(struct str name)
{
    struct str rest = name, part;

    if (name.len == 0 || name.p[0] == '/' || str_find(name, '\\') >= 0 || name.len > 512 ||
        !str_is_utf8(name))
        return false;
    while (str_next(&rest, '/', &part))
        if (part.len == 0 || str_eq(part, S(".")) || str_eq(part, S("..")))
            return false;
    return true;
}

static int read_one(struct arena *a, zip_t *archive, zip_uint64_t index, size_t size,
                    struct str *ret)
{
    CLEANUP(close_file) zip_file_t *file = zip_fopen_index(archive, index, 0);
    char *bytes = arena_alloc(a, size + 1);
    size_t got = 0;

    while (file && got < size) {
        zip_int64_t n = zip_fread(file, bytes + got, size - got);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    char more;
    if (!file || got < size || zip_fread(file, &more, 1) != 0)
        return ZIP_MALFORMED;
    *ret = (struct str){ bytes, size };
    return 0;
}

static bool mode_of(zip_t *archive, zip_uint64_t index, mode_t *ret)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;

    if (zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0 ||
        system != UNIX)
        return false;
    *ret = (mode_t)(attributes >> 16);
    return true;
}

static int unpack_all(struct arena *a, zip_t *archive, const struct zip_limits *limits,
                      struct zip_file **ret, size_t *ret_count, struct str *ret_why)
{
    zip_int64_t entries = zip_get_num_entries(archive, 0);
    size_t total = 0;

    if (entries < 0 || (size_t)entries > limits->files)
        return refuse(ret_why, "too many files");
    *ret = arena_array(a, struct zip_file, entries + 1);
    *ret_count = 0;
    for (zip_uint64_t i = 0; i < (zip_uint64_t)entries; i++) {
        zip_stat_t stat;
        mode_t mode = 0;
        if (zip_stat_index(archive, i, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_NAME) ||
            !(stat.valid & ZIP_STAT_SIZE))
            return refuse(ret_why, "an entry is unreadable");
        struct str name = arena_dup(a, str_of(stat.name));
        bool has_mode = mode_of(archive, i, &mode);
        if (str_ends(name, S("/")))
            continue;
        if (!is_inside(name) || (has_mode && (mode & S_IFMT) != 0 && !S_ISREG(mode)))
            return refuse(ret_why, "an entry is not a plain file inside the archive");
        if (stat.size > limits->bytes - total)
            return refuse(ret_why, "too large when unpacked");
        total += (size_t)stat.size;
        struct zip_file *file = &(*ret)[(*ret_count)++];
        *file = (struct zip_file){ .name = name, .is_executable = has_mode && (mode & 0111) };
        if (read_one(a, archive, i, (size_t)stat.size, &file->bytes) != 0)
            return refuse(ret_why, "an entry is damaged");
    }
    return 0;
}

int zip_unpack(struct arena *a, struct str archive, const struct zip_limits *limits,
               struct zip_file **ret, size_t *ret_count, struct str *ret_why)
{
    zip_source_t *source = zip_source_buffer_create(archive.p, archive.len, 0, NULL);
    if (!source)
        return FAULT(ENOMEM);
    CLEANUP(discard) zip_t *zip = zip_open_from_source(source, ZIP_RDONLY, NULL);
    if (!zip) {
        zip_source_free(source);
        return refuse(ret_why, "not a zip archive");
    }
    return unpack_all(a, zip, limits, ret, ret_count, ret_why);
}

static int add_file(zip_t *zip, struct arena *a, const struct zip_file *file)
{
    zip_source_t *source = zip_source_buffer(zip, file->bytes.p, file->bytes.len, 0);
    if (!source)
        return FAULT(ENOMEM);
    zip_int64_t index = zip_file_add(zip, arena_cstr(a, file->name), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return FAULT(EINVAL);
    }
    mode_t mode = S_IFREG | (file->is_executable ? 0755 : 0644);
    zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, UNIX, (zip_uint32_t)mode << 16);
    /* The same bytes make the same archive, whenever it is made. */
    zip_file_set_mtime(zip, (zip_uint64_t)index, 315532800, 0);
    return 0;
}

int zip_pack(struct arena *a, const struct zip_file *files, size_t count, struct str *ret)
{
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
    if (!source)
        return FAULT(ENOMEM);
    zip_source_keep(source); /* zip_close() below lets go of it once */
    zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
    int result = zip ? 0 : FAULT(EINVAL);

    for (size_t i = 0; i < count && result == 0; i++)
        result = add_file(zip, a, &files[i]);
    if (zip && (result != 0 || zip_close(zip) != 0)) {
        zip_discard(zip);
        result = FAULT(EIO);
    }
    zip_stat_t stat;
    if (result == 0 && (zip_source_stat(source, &stat) != 0 || zip_source_open(source) != 0))
        result = FAULT(EIO);
    if (result == 0) {
        char *bytes = arena_alloc(a, (size_t)stat.size + 1);
        zip_int64_t n = zip_source_read(source, bytes, stat.size);
        if (n < 0 || (zip_uint64_t)n != stat.size)
            result = FAULT(EIO);
        *ret = (struct str){ bytes, (size_t)stat.size };
        zip_source_close(source);
    }
    zip_source_free(source);
    return result;
}
