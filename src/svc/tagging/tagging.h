/* SPDX-License-Identifier: Apache-2.0 */
/* The Resource Groups Tagging API: what has which tags, whoever owns it. */
#pragma once

#include "api/service.h"

extern const struct service tagging_service;
