/* SPDX-License-Identifier: Apache-2.0 */
/* How many packages the baseline decision judges in a second: the predefined baseline of
 * Debian, one with ten rules and a hundred names, and the facts of 2,000 packages. */
#include <stdio.h>
#include <time.h>

#include "engine/baseline.h"
#include "engine/baseline_default.h"

#define N_PACKAGES 2000
#define SECONDS    1.0

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct arena *a, struct patch_facts *facts)
{
    static const char *const sections[] = { "libs", "admin", "net", "utils", "python" };
    static const char *const priorities[] = { "required", "important", "standard", "optional" };

    for (unsigned i = 0; i < N_PACKAGES; i++) {
        struct patch_facts *f = &facts[i];
        f->name = arena_fmt(a, "package-%u", i * 7919U % 10007U);
        f->arch = S("amd64");
        f->product = S("Debian12");
        f->installed = (struct patch_version){
            .version = S("1.2.3-1"),
            .origin = S("Debian bookworm"),
            .security = i % 3 == 0,
            .section = str_of(sections[i % ARRAY_LEN(sections)]),
            .priority = str_of(priorities[i % ARRAY_LEN(priorities)]),
        };
        f->candidate = f->installed;
        f->has_update = i % 10 == 0;
        if (f->has_update)
            f->candidate.version = S("1.2.3-1+deb12u1");
    }
}

static struct baseline large(struct arena *a, const struct baseline *from)
{
    struct baseline b = *from;
    struct str *approved = arena_array(a, struct str, 50),
               *rejected = arena_array(a, struct str, 50);

    b.n_rules = 10;
    b.rules = arena_array(a, struct baseline_rule, b.n_rules);
    for (size_t i = 0; i < b.n_rules; i++)
        b.rules[i] = from->rules[0];
    for (unsigned i = 0; i < 50; i++) {
        approved[i] = arena_fmt(a, "approved-%u*", i);
        rejected[i] = arena_fmt(a, "rejected-%u*", i);
    }
    b.approved = (struct strs){ approved, 50 };
    b.rejected = (struct strs){ rejected, 50 };
    return b;
}

static void measure(const char *what, const struct baseline *b, const struct patch_facts *facts)
{
    struct arena work = { 0 };
    double start = now_s(), taken;
    size_t n = 0, missing = 0;

    do {
        for (size_t i = 0; i < N_PACKAGES; i++)
            missing += baseline_decide(&work, b, &facts[i], 1800000000000).state == PATCH_MISSING;
        n += N_PACKAGES;
        arena_done(&work);
        work = (struct arena){ 0 };
        taken = now_s() - start;
    } while (taken < SECONDS);
    printf("%-44s %10.0f packages/s  (%.2f us each, %.1f%% Missing)\n", what, (double)n / taken,
           taken * 1e6 / (double)n, 100.0 * (double)missing / (double)n);
}

int main(void)
{
    struct arena a = { 0 };
    struct patch_facts *facts = arena_array(&a, struct patch_facts, N_PACKAGES);
    const struct baseline *predefined = baseline_default(PATCH_OS_DEBIAN);
    struct baseline ten = large(&a, predefined);

    fill(&a, facts);
    measure("AWS-DebianDefaultPatchBaseline", predefined, facts);
    measure("10 rules, 50 approved and 50 rejected names", &ten, facts);
    arena_done(&a);
    return 0;
}
