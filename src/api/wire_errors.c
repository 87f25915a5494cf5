/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What everyone's outcomes are called on each protocol, with AWS's HTTP status
 * (API references, "Common Errors"; S3 has names of its own).
 */
#include "api/wire_errors.h"

#include "api/runtime.h"

struct names {
    const char *json, *query, *s3;
    int json_status, query_status, s3_status;
};

/* clang-format off */
static const struct names common[] = {
    [WIRE_DENIED]      = { "AccessDeniedException", "AccessDenied", "AccessDenied", 400, 403, 403 },
    [WIRE_INVALID]     = { "ValidationException", "ValidationError", "InvalidRequest", 400, 400, 400 },
    [WIRE_UNSUPPORTED] = { "UnsupportedOperationException", "UnsupportedOperation", "NotImplemented", 400, 400, 501 },
    [WIRE_THROTTLED]   = { "ThrottlingException", "Throttling", "SlowDown", 400, 400, 503 },
    [WIRE_MALFORMED]   = { "SerializationException", "MalformedInput", "MalformedXML", 400, 400, 400 },
    [WIRE_UNKNOWN]     = { "UnknownOperationException", "InvalidAction", "NotImplemented", 400, 400, 501 },
    [WIRE_INTERNAL]    = { "InternalServerError", "InternalFailure", "InternalError", 500, 500, 500 },
    [WIRE_NO_TOKEN]    = { "MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied", 400, 403, 403 },
    [WIRE_INCOMPLETE]  = { "IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed", 400, 400, 400 },
    [WIRE_BAD_KEY]     = { "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", 400, 403, 403 },
    [WIRE_EXPIRED]     = { "ExpiredTokenException", "ExpiredToken", "ExpiredToken", 400, 403, 400 },
    [WIRE_MISMATCH]    = { "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch", 400, 403, 403 },
    [WIRE_SKEWED]      = { "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", 400, 403, 403 },
    [WIRE_TOO_LARGE]   = { "RequestEntityTooLargeException", "RequestEntityTooLarge", "EntityTooLarge", 413, 413, 400 },
};
/* clang-format on */

struct wire_error wire_common_error(enum protocol protocol, enum wire_common which)
{
    const struct names *n = &common[which];

    switch (protocol) {
    case PROTOCOL_JSON_1_0:
    case PROTOCOL_JSON_1_1:
        return (struct wire_error){ str_of(n->json), n->json_status };
    case PROTOCOL_REST_JSON:
        return (struct wire_error){ str_of(n->json), which == WIRE_DENIED ? 403 : n->json_status };
    case PROTOCOL_QUERY:
        return (struct wire_error){ str_of(n->query), n->query_status };
    case PROTOCOL_REST_XML:
        return (struct wire_error){ str_of(n->s3), n->s3_status };
    }
    return (struct wire_error){ S("InternalFailure"), 500 };
}

struct wire_error wire_error_of(const struct service *service, int outcome)
{
    const struct service_error *own = service_error(service, outcome);

    if (own)
        return (struct wire_error){ str_of(own->name), own->status };
    if (outcome == OP_DENIED)
        return wire_common_error(service->protocol, WIRE_DENIED);
    if (outcome == OP_INVALID)
        return wire_common_error(service->protocol, WIRE_INVALID);
    if (outcome == OP_UNSUPPORTED)
        return wire_common_error(service->protocol, WIRE_UNSUPPORTED);
    if (outcome == OP_THROTTLED)
        return wire_common_error(service->protocol, WIRE_THROTTLED);
    return wire_common_error(service->protocol, WIRE_INTERNAL);
}
