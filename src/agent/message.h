/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message of the long poll asks for. Pure.
 */
#pragma once

#include "agent/command.h"

enum message_kind {
    MESSAGE_NOTHING, /* not a message for us: left alone, as the AWS agent does */
    MESSAGE_RUN,
    MESSAGE_CANCEL,
    MESSAGE_UNKNOWN, /* FailMessage */
};

struct message {
    enum message_kind kind;
    struct str id;
    struct str command_id; /* RUN: from the message's own id; CANCEL: of the command meant */
    msec created_at;       /* 0 if it cannot be read */
    struct value *payload; /* RUN; NULL if it is not JSON */
};

struct message message_read(struct arena *a, const struct value *v);

/* "aws.ssm.<command id>.<node id>": the piece before the last dot. Absent if there is none. */
struct str message_command_id(struct str message_id);
