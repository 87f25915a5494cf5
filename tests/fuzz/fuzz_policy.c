/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a policy document of each kind; what compiles must also decide. */
#include "base/yaml.h"

#include "engine/policy.h"

#include "fuzz.h"

#define ACCOUNT "111122223333"

static const struct policy_principal callers[] = {
    { .kind = POLICY_PRINCIPAL_ANONYMOUS },
    { POLICY_PRINCIPAL_USER, S_INIT("arn:aws:iam::" ACCOUNT ":user/ann"), S_INIT(ACCOUNT),
      S_INIT("AIDAANN") },
    { POLICY_PRINCIPAL_SESSION, S_INIT("arn:aws:sts::" ACCOUNT ":assumed-role/Runner/one"),
      S_INIT(ACCOUNT), S_INIT("AROARUNNER:one"), S_INIT("arn:aws:iam::" ACCOUNT ":role/Runner") },
    { .kind = POLICY_PRINCIPAL_SERVICE, .service = S_INIT("events.amazonaws.com") },
};

static void decide(struct arena *a, const struct policy *p, enum policy_kind kind)
{
    struct str texts[] = { S("x"), S("arn:aws:s3:::a/x"), S("10.0.0.1"), S("17") };
    struct policy_key keys[] = { { S("k"), { texts, 4 } },
                                 { S("aws:SourceArn"), { texts + 1, 1 } } };
    const struct policy *twice[] = { p, p };
    struct policy_set once = { 0 }, again = { 0 };

    once.identity = (struct policy_list){ twice, kind == POLICY_IDENTITY ? 1 : 0 };
    again.identity = (struct policy_list){ twice, kind == POLICY_IDENTITY ? 2 : 0 };
    once.resource = again.resource = kind == POLICY_IDENTITY ? NULL : p;
    for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
        struct policy_request request = {
            .principal = callers[i],
            .action = kind == POLICY_TRUST ? S("sts:AssumeRole") : S("s3:GetObject"),
            .resource = S("arn:aws:s3:::a/x"),
            .keys = keys,
            .n_keys = ARRAY_LEN(keys),
        };
        struct policy_verdict v = policy_decide(a, &once, &request);
        assert(v.decision == policy_decide(a, &again, &request).decision);
        policy_decide_trust(a, &once, &request);
        policy_denial(a, &request, v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct arena a = { 0 };
    struct value *document;
    struct str why;

    if (size <= 20480 && yaml_or_json_parse(&a, text, &document, &why) == 0)
        for (enum policy_kind kind = POLICY_IDENTITY; kind <= POLICY_TRUST; kind++) {
            const struct policy *p;
            if (policy_compile(&a, document, kind, &p, &why) == 0)
                decide(&a, p, kind);
            else
                assert(why.len > 0);
        }
    arena_done(&a);
    return 0;
}
