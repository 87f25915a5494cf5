/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/errors.h"

const struct service_error organizations_errors[ORG_N_ERRORS] = {
    { ORG_NOT_IN_USE, "AWSOrganizationsNotInUseException", 400 },
    { ORG_ALREADY_IN_ORGANIZATION, "AlreadyInOrganizationException", 400 },
    { ORG_ACCOUNT_NOT_FOUND, "AccountNotFoundException", 400 },
    { ORG_CHILD_NOT_FOUND, "ChildNotFoundException", 400 },
    { ORG_CONSTRAINT_VIOLATION, "ConstraintViolationException", 400 },
    { ORG_CREATION_NOT_FOUND, "CreateAccountStatusNotFoundException", 400 },
    { ORG_DESTINATION_NOT_FOUND, "DestinationParentNotFoundException", 400 },
    { ORG_DUPLICATE_ACCOUNT, "DuplicateAccountException", 400 },
    { ORG_DUPLICATE_UNIT, "DuplicateOrganizationalUnitException", 400 },
    { ORG_PARENT_NOT_FOUND, "ParentNotFoundException", 400 },
    { ORG_SOURCE_NOT_FOUND, "SourceParentNotFoundException", 400 },
    { ORG_UNIT_NOT_EMPTY, "OrganizationalUnitNotEmptyException", 400 },
    { ORG_UNIT_NOT_FOUND, "OrganizationalUnitNotFoundException", 400 },
};
