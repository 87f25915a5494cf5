/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STS: temporary credentials for roles. It stores nothing; who may assume what is
 * IAM's knowledge, reached through the identity port.
 */
#pragma once

#include "api/service.h"

extern const struct service sts_service;
