/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CloudFormation: stacks and self-managed stack sets. What a stack's resources are
 * made of belongs to other services; this one calls them, as whoever owns the stack.
 */
#pragma once

#include "api/service.h"

extern const struct service cloudformation_service;
