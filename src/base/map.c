/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <sys/random.h>
#include <threads.h>

struct map_entry {
    struct map_entry *next;
    void *value;
    uint64_t hash;
    size_t len;
    char key[];
};

static uint64_t hash_key[2];
static once_flag hash_key_once = ONCE_FLAG_INIT;

static void make_hash_key(void)
{
    if (getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key))
        abort();
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein 2012), as hash tables of other languages use it. */
static uint64_t hash(struct str s)
{
    call_once(&hash_key_once, make_hash_key);
    uint64_t v[4] = { hash_key[0] ^ 0x736f6d6570736575ULL, hash_key[1] ^ 0x646f72616e646f6dULL,
                      hash_key[0] ^ 0x6c7967656e657261ULL, hash_key[1] ^ 0x7465646279746573ULL };
    uint64_t word = 0;
    size_t whole = s.len & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, s.p + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)s.len << 56;
    for (size_t i = whole; i < s.len; i++)
        word |= (uint64_t)(unsigned char)s.p[i] << (8 * (i - whole));
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->n_buckets; i++) {
        while (m->buckets[i]) {
            struct map_entry *next = m->buckets[i]->next;
            free(m->buckets[i]);
            m->buckets[i] = next;
        }
    }
    free(m->buckets);
    *m = (struct map){ 0 };
}

static struct map_entry **slot(const struct map *m, struct str key, uint64_t h)
{
    struct map_entry **at = &m->buckets[h & (m->n_buckets - 1)];
    while (*at && !((*at)->hash == h && str_eq((struct str){ (*at)->key, (*at)->len }, key)))
        at = &(*at)->next;
    return at;
}

void *map_get(const struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    struct map_entry *entry = *slot(m, key, hash(key));
    return entry ? entry->value : NULL;
}

static void grow(struct map *m)
{
    size_t wanted = m->n_buckets ? m->n_buckets * 2 : 16;
    struct map_entry **buckets = calloc(wanted, sizeof(struct map_entry *));
    if (!buckets)
        abort();
    for (size_t i = 0; i < m->n_buckets; i++) {
        for (struct map_entry *entry = m->buckets[i]; entry;) {
            struct map_entry *next = entry->next;
            struct map_entry **head = &buckets[entry->hash & (wanted - 1)];
            entry->next = *head;
            *head = entry;
            entry = next;
        }
    }
    free(m->buckets);
    m->buckets = buckets;
    m->n_buckets = wanted;
}

void *map_put(struct map *m, struct str key, void *value)
{
    if (m->count >= m->n_buckets)
        grow(m);

    uint64_t h = hash(key);
    struct map_entry **at = slot(m, key, h);
    if (*at) {
        void *old = (*at)->value;
        (*at)->value = value;
        return old;
    }
    struct map_entry *entry = malloc(sizeof(*entry) + key.len);
    if (!entry)
        abort();
    *entry = (struct map_entry){ .value = value, .hash = h, .len = key.len };
    if (key.len)
        memcpy(entry->key, key.p, key.len);
    *at = entry;
    m->count++;
    return NULL;
}

void *map_remove(struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    struct map_entry **at = slot(m, key, hash(key));
    struct map_entry *entry = *at;
    if (!entry)
        return NULL;
    void *value = entry->value;
    *at = entry->next;
    free(entry);
    m->count--;
    return value;
}

void map_each(struct map *m, void (*visit)(struct str key, void *value, void *context),
              void *context)
{
    for (size_t i = 0; i < m->n_buckets; i++) {
        for (struct map_entry *entry = m->buckets[i]; entry;) {
            struct map_entry *next = entry->next;
            visit((struct str){ entry->key, entry->len }, entry->value, context);
            entry = next;
        }
    }
}
