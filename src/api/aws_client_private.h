/* SPDX-License-Identifier: Apache-2.0 */
/* What an aws_client is made of in process: the runtime whose reader and writer it uses. */
#pragma once

#include "api/aws_client.h"

struct runtime;

struct aws_client {
    struct runtime *rt;
};
