/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3: buckets and objects, as much as the way of a patch run needs. Knows no
 * versions, parts, policies, ACLs or encryption: requests for them are refused.
 */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service s3_service;

/* Objects in buckets, for other services' handlers (function code). */
extern const struct object_port s3_objects;
