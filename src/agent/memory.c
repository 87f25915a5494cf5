/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/memory.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

void memory_configure(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/* Segments that are mapped without write permission hold the file's bytes and nothing else (what
 * is made read-only after relocation is part of a writable one), so nothing can be lost. */
static int give_back_object(struct dl_phdr_info *info, size_t size, void *context)
{
    uintptr_t page = *(const uintptr_t *)context;
    (void)size;

    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t from = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t to = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        (void)madvise((void *)from, to - from, MADV_DONTNEED); /* no harm where it fails */
    }
    return 0;
}

void memory_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    malloc_trim(0);
    dl_iterate_phdr(give_back_object, &page);
}
