/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/http_client.h"

struct str http_response_get(const struct http_response *r, struct str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_ieq(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct str){ 0 };
}
