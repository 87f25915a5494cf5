/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/package_facts.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/json.h"
#include "engine/facts_doc.h"

static struct value *facts_of(struct arena *a, const struct scan *scan, size_t *ret_left_out)
{
    const struct facts_doc head = {
        .os = scan->host->os,
        .product = scan->host->product,
        .n_security_sources = scan->packages.n_security_sources,
    };
    struct value *doc = facts_format_head(a, &head);

    *ret_left_out = 0;
    for (size_t i = 0; i < scan->packages.count; i++)
        if (!facts_format_add(a, doc, &scan->packages.items[i].facts))
            ++*ret_left_out;
    return doc;
}

static struct value *request_of(struct arena *a, const struct report *report,
                                struct str instance_id, struct str hash, bool rebooted)
{
    struct value *request = value_map(a);

    value_set_str(a, request, S("InstanceId"), instance_id);
    value_set_int(a, request, S("CaptureTime"), report->ended_at / MSEC_SECOND);
    value_set_str(a, request, S("Hash"), hash);
    value_set_str(a, request, S("Operation"), report->operation);
    value_set_str(a, request, S("BaselineId"), report->scan->baseline->id);
    if (!str_is_empty(report->install_override_list))
        value_set_str(a, request, S("InstallOverrideList"), report->install_override_list);
    value_set_bool(a, request, S("Rebooted"), rebooted);
    return request;
}

/* The plane is asked first whether it has these very facts: most scans find nothing new. */
static int tell(struct arena *a, struct plane *plane, const struct report *report, bool rebooted,
                struct str *ret_why)
{
    size_t n_left_out;
    struct value *facts = facts_of(a, report->scan, &n_left_out), *answer;
    struct str text = json_format(a, facts);
    struct value *request =
        request_of(a, report, plane->instance_id, sha256_hex(a, text), rebooted);
    struct plane_error error = { 0 };
    int result;

    if (n_left_out > 0)
        fprintf(stderr,
                "patchbay-patch: the facts of %zu packages are not told: their names or versions "
                "are longer than any should be\n",
                n_left_out);
    if (report->scan->packages.count > FACTS_MAX_PACKAGES || text.len > FACTS_DOC_MAX_BYTES) {
        *ret_why = S("there are too many packages");
        return PLANE_REFUSED;
    }
    result =
        plane_call_of(a, plane, PLANE_PATCHBAY, "PutPatchFacts", request, &answer, &error, ret_why);
    if (result == PLANE_REFUSED && str_eq(error.code, S("PatchFactsMismatch"))) {
        value_set(a, request, S("Facts"), facts);
        result = plane_call_of(a, plane, PLANE_PATCHBAY, "PutPatchFacts", request, &answer, &error,
                               ret_why);
    }
    return result;
}

void package_facts_tell(struct arena *a, struct plane *plane, const struct report *report,
                        bool rebooted)
{
    struct str why = S("");
    int result = tell(a, plane, report, rebooted, &why);

    if (result != 0)
        fprintf(stderr,
                "patchbay-patch: the plane has the report, but not the facts behind it: %.*s\n",
                STR(result < 0 ? str_of(err_trace()) : why));
}
