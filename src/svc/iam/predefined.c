/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/predefined.h"

#define ARN                "arn:aws:iam::aws:policy/"
#define POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ALLOW(actions, resource)                                                                   \
    "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"" resource "\"}"

static const char administrator[] = POLICY(ALLOW("\"*\"", "*"));

static const char lambda_basic[] =
    POLICY(ALLOW("\"logs:CreateLogGroup\",\"logs:CreateLogStream\",\"logs:PutLogEvents\"", "*"));

static const char managed_instance[] = POLICY(
    ALLOW("\"ssm:DescribeAssociation\",\"ssm:DescribeDocument\","
          "\"ssm:GetDeployablePatchSnapshotForInstance\",\"ssm:GetDocument\","
          "\"ssm:GetManifest\",\"ssm:GetParameter\",\"ssm:GetParameters\","
          "\"ssm:ListAssociations\",\"ssm:ListInstanceAssociations\","
          "\"ssm:PutComplianceItems\",\"ssm:PutConfigurePackageResult\",\"ssm:PutInventory\","
          "\"ssm:UpdateAssociationStatus\",\"ssm:UpdateInstanceAssociationStatus\","
          "\"ssm:UpdateInstanceInformation\"",
          "*") "," ALLOW("\"ssmmessages:CreateControlChannel\",\"ssmmessages:CreateDataChannel\","
                         "\"ssmmessages:OpenControlChannel\",\"ssmmessages:OpenDataChannel\"",
                         "*") "," ALLOW("\"ec2messages:AcknowledgeMessage\",\"ec2messages:"
                                        "DeleteMessage\","
                                        "\"ec2messages:FailMessage\",\"ec2messages:GetEndpoint\","
                                        "\"ec2messages:GetMessages\",\"ec2messages:SendReply\"",
                                        "*"));

static const char automation[] =
    POLICY(ALLOW("\"lambda:InvokeFunction\"", "arn:aws:lambda:*:*:function:Automation*") "," ALLOW(
        "\"cloudformation:CreateStack\",\"cloudformation:DeleteStack\","
        "\"cloudformation:DescribeStackEvents\",\"cloudformation:DescribeStacks\","
        "\"cloudformation:UpdateStack\",\"ec2:CopyImage\",\"ec2:CreateImage\","
        "\"ec2:CreateTags\",\"ec2:DeleteSnapshot\",\"ec2:DeleteTags\","
        "\"ec2:DeregisterImage\",\"ec2:DescribeImages\",\"ec2:DescribeInstanceStatus\","
        "\"ec2:DescribeTags\",\"ec2:RunInstances\",\"ec2:StartInstances\","
        "\"ec2:StopInstances\",\"ec2:TerminateInstances\",\"ssm:*\"",
        "*") "," ALLOW("\"sns:Publish\"", "arn:aws:sns:*:*:Automation*"));

static const char read_only[] = POLICY(
    ALLOW("\"athena:Get*\",\"athena:List*\",\"cloudformation:Describe*\","
          "\"cloudformation:Get*\",\"cloudformation:List*\","
          "\"cloudformation:ValidateTemplate\",\"cloudwatch:Describe*\",\"cloudwatch:Get*\","
          "\"cloudwatch:List*\",\"ec2:Describe*\",\"ec2:Get*\",\"events:Describe*\","
          "\"events:List*\",\"events:TestEventPattern\",\"glue:Get*\",\"glue:List*\","
          "\"iam:Get*\",\"iam:List*\",\"lambda:Get*\",\"lambda:List*\",\"logs:Describe*\","
          "\"logs:FilterLogEvents\",\"logs:Get*\",\"logs:List*\",\"organizations:Describe*\","
          "\"organizations:List*\",\"resource-groups:Get*\",\"resource-groups:List*\","
          "\"resource-groups:Search*\",\"s3:Get*\",\"s3:List*\",\"scheduler:Get*\","
          "\"scheduler:List*\",\"ssm:Describe*\",\"ssm:Get*\",\"ssm:List*\","
          "\"sts:GetAccessKeyInfo\",\"sts:GetCallerIdentity\",\"tag:Get*\"",
          "*"));

const struct predefined predefined_policies[] = {
    { ARN "AdministratorAccess", "ANPAADMINISTRATORACCE", "Every action on every resource.",
      administrator },
    { ARN "AmazonSSMManagedInstanceCore", "ANPASSMMANAGEDINSTANC",
      "What a managed node needs to be reached by Systems Manager.", managed_instance },
    { ARN "ReadOnlyAccess", "ANPAREADONLYACCESSXXX", "Reading everything, changing nothing.",
      read_only },
    { ARN "service-role/AWSLambdaBasicExecutionRole", "ANPALAMBDABASICEXECUT",
      "What a function needs to write its log.", lambda_basic },
    { ARN "service-role/AmazonSSMAutomationRole", "ANPASSMAUTOMATIONROLE",
      "What the predefined runbooks of Automation need.", automation },
    { NULL, NULL, NULL, NULL },
};

const struct predefined *predefined_find(struct str arn)
{
    for (const struct predefined *p = predefined_policies; p->arn; p++)
        if (str_eq(arn, str_of(p->arn)))
            return p;
    return NULL;
}

struct managed predefined_managed(const struct predefined *p, struct arena *a)
{
    struct managed_name name = managed_name(str_of(p->arn));

    return (struct managed){
        .name = name.name,
        .path = arena_dup(a, name.path),
        .id = str_of(p->id),
        .arn = str_of(p->arn),
        .description = str_of(p->description),
        .default_version = 1,
        .last_version = 1,
        .created_at = PREDEFINED_CREATED_AT,
        .updated_at = PREDEFINED_CREATED_AT,
    };
}
