/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both HTTP clients check of a request before they send it; private to them.
 */
#pragma once

#include "sys/http_client.h"

/* No line break or other control character where one would start a header of its own. */
bool http_outgoing_is_sound(const struct http_outgoing *out);
