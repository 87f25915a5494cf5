/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS has no operation for: the one service of our own (JSON 1.1, target `Patchbay`). */
#pragma once

#include "api/service.h"

extern const struct service patchbay_service;
