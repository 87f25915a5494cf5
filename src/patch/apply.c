/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "patch/limits.h"
#include "patch/marks.h"

/* With the log open. */
static int carry_out(struct arena *a, const struct install_options *options,
                     struct change_request *request, struct str *ret_limits, struct str *ret_why)
{
    const struct provider *provider = options->scan->provider;
    struct limits limits = { 0 };
    int result;

    PASS(marks_keep(a, provider, options->marks_path, request, ret_why));
    if (options->settings) {
        limits = limits_apply(a, options->settings);
        *ret_limits = limits.text;
        request->memory_limit = limits.memory;
        request->group = limits_group(&limits);
    }
    result = provider->install(a, request, ret_why);
    limits_end(a, &limits);
    if (result < 0)
        TRY(result);
    TRY(marks_restore(a, provider, options->marks_path));
    return result;
}

int apply_changes(struct arena *a, const struct install_options *options,
                  struct change_request *request, struct str *ret_limits, struct str *ret_why)
{
    int result;

    request->log = open(options->log_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
    if (request->log < 0)
        return err_fault(errno, "cannot write %s", options->log_path);
    result = carry_out(a, options, request, ret_limits, ret_why);
    close(request->log);
    return result;
}
