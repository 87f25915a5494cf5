/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/automation.h"

#define OVER                                                                                       \
    (BIT(AUTOMATION_SUCCESS) | BIT(AUTOMATION_FAILED) | BIT(AUTOMATION_TIMED_OUT) |                \
     BIT(AUTOMATION_CANCELLED))

static const struct {
    struct str name;
    unsigned next;
} statuses[AUTOMATION_STATUSES] = {
    [AUTOMATION_PENDING] = { S_INIT("Pending"),
                             BIT(AUTOMATION_IN_PROGRESS) | BIT(AUTOMATION_CANCELLED) },
    [AUTOMATION_IN_PROGRESS] = { S_INIT("InProgress"), OVER | BIT(AUTOMATION_CANCELLING) },
    [AUTOMATION_CANCELLING] = { S_INIT("Cancelling"), OVER },
    [AUTOMATION_SUCCESS] = { S_INIT("Success"), 0 },
    [AUTOMATION_FAILED] = { S_INIT("Failed"), 0 },
    [AUTOMATION_TIMED_OUT] = { S_INIT("TimedOut"), 0 },
    [AUTOMATION_CANCELLED] = { S_INIT("Cancelled"), 0 },
};

bool automation_is_over(enum automation_status status)
{
    return statuses[status].next == 0;
}

bool automation_may_follow(enum automation_status status, enum automation_status next)
{
    return statuses[status].next & BIT(next);
}

bool automation_is_error(enum automation_status status)
{
    return status == AUTOMATION_FAILED || status == AUTOMATION_TIMED_OUT;
}

struct str automation_status_name(enum automation_status status)
{
    return statuses[status].name;
}

bool automation_status_parse(struct str text, enum automation_status *ret)
{
    for (unsigned i = 0; i < AUTOMATION_STATUSES; i++)
        if (str_eq(text, statuses[i].name)) {
            *ret = (enum automation_status)i;
            return true;
        }
    return false;
}

enum automation_status automation_of_command(enum command_detail detail)
{
    switch (detail) {
    case COMMAND_PENDING:
        return AUTOMATION_PENDING;
    case COMMAND_IN_PROGRESS:
    case COMMAND_DELAYED:
        return AUTOMATION_IN_PROGRESS;
    case COMMAND_CANCELLING:
        return AUTOMATION_CANCELLING;
    case COMMAND_SUCCESS:
    case COMMAND_NO_INSTANCES_IN_TAG:
        return AUTOMATION_SUCCESS;
    case COMMAND_EXECUTION_TIMED_OUT:
    case COMMAND_DELIVERY_TIMED_OUT:
        return AUTOMATION_TIMED_OUT;
    case COMMAND_CANCELLED:
        return AUTOMATION_CANCELLED;
    case COMMAND_FAILED:
    case COMMAND_INCOMPLETE:
    case COMMAND_RATE_EXCEEDED:
    case COMMAND_ACCESS_DENIED:
    case COMMAND_DETAILS:
        break;
    }
    return AUTOMATION_FAILED;
}
