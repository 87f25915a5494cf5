/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/errors.h"

/* clang-format off */
const struct service_error ssm_errors[SSM_N_ERRORS] = {
    { SSM_DOCUMENT_ALREADY_EXISTS,                   "DocumentAlreadyExists", 400 },
    { SSM_DOCUMENT_LIMIT_EXCEEDED,                   "DocumentLimitExceeded", 400 },
    { SSM_DOCUMENT_VERSION_LIMIT_EXCEEDED,           "DocumentVersionLimitExceeded", 400 },
    { SSM_DUPLICATE_DOCUMENT_CONTENT,                "DuplicateDocumentContent", 400 },
    { SSM_DUPLICATE_DOCUMENT_VERSION_NAME,           "DuplicateDocumentVersionName", 400 },
    { SSM_DUPLICATE_INSTANCE_ID,                     "DuplicateInstanceId", 400 },
    { SSM_INVALID_ACTIVATION,                        "InvalidActivation", 400 },
    { SSM_INVALID_ACTIVATION_ID,                     "InvalidActivationId", 400 },
    { SSM_INVALID_COMMAND_ID,                        "InvalidCommandId", 400 },
    { SSM_INVALID_DOCUMENT,                          "InvalidDocument", 400 },
    { SSM_INVALID_DOCUMENT_CONTENT,                  "InvalidDocumentContent", 400 },
    { SSM_INVALID_DOCUMENT_OPERATION,                "InvalidDocumentOperation", 400 },
    { SSM_INVALID_DOCUMENT_SCHEMA_VERSION,           "InvalidDocumentSchemaVersion", 400 },
    { SSM_INVALID_DOCUMENT_VERSION,                  "InvalidDocumentVersion", 400 },
    { SSM_INVALID_FILTER,                            "InvalidFilter", 400 },
    { SSM_INVALID_FILTER_KEY,                        "InvalidFilterKey", 400 },
    { SSM_INVALID_INSTANCE_ID,                       "InvalidInstanceId", 400 },
    { SSM_INVALID_INSTANCE_INFORMATION_FILTER_VALUE, "InvalidInstanceInformationFilterValue", 400 },
    { SSM_INVALID_NEXT_TOKEN,                        "InvalidNextToken", 400 },
    { SSM_INVALID_PARAMETERS,                        "InvalidParameters", 400 },
    { SSM_INVALID_PLUGIN_NAME,                       "InvalidPluginName", 400 },
    { SSM_INVALID_RESOURCE_ID,                       "InvalidResourceId", 400 },
    { SSM_INVALID_RESOURCE_TYPE,                     "InvalidResourceType", 400 },
    { SSM_INVOCATION_DOES_NOT_EXIST,                 "InvocationDoesNotExist", 400 },
    { SSM_MACHINE_FINGERPRINT_DOES_NOT_MATCH,        "MachineFingerprintDoesNotMatch", 400 },
    { SSM_MAX_DOCUMENT_SIZE_EXCEEDED,                "MaxDocumentSizeExceeded", 400 },
    { SSM_TOO_MANY_TAGS,                             "TooManyTagsError", 400 },
    { SSM_UNSUPPORTED_PLATFORM_TYPE,                 "UnsupportedPlatformType", 400 },
};
/* clang-format on */
