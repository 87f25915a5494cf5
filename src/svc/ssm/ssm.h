/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Systems Manager: documents, managed nodes, Run Command; and ec2messages, the
 * channel on which the agents of those nodes fetch their work. What the daemon
 * may know of this folder.
 */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service ssm_service;
extern const struct service ec2messages_service;
extern const struct schema ssm_schema;
extern const struct node_port ssm_nodes;
extern const struct object_port ssm_snapshots; /* shown by s3 in its reserved buckets */
