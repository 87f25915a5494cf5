/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Resource Groups: named queries over tags, answered at the moment they are
 * asked. A group belongs to one account and Region; its name's case matters.
 */
#pragma once

#include "api/service.h"

extern const struct service resource_groups_service;
