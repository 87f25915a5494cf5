#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job, end to end, on this machine: an organization with two member accounts, two Regions,
# a real Debian host for each pair, and a schedule that patches them all.
#
#   sudo ./demo.sh [--keep]      --keep leaves the plane running, as a terminal does
#
# Every run starts from fresh host disks. Ctrl-C leaves nothing running or mounted. Exit status 0 if
# every host is compliant in the end.
set -u
cd "$(dirname "$0")" || exit 1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

regions=(us-east-1 eu-west-1)
group=PatchDemo
work=$PWD/build/demo
build=$PWD/build
started=$SECONDS
keep=
case $#:${1:-} in
0:) ;;
1:--keep) keep=yes ;;
*) echo "usage: ./demo.sh [--keep]" >&2; exit 2 ;;
esac
[ -t 0 ] && [ -t 1 ] && keep=yes

plane_pid= host_pids=() url=

say() {
    printf '%4ds  %s\n' $((SECONDS - started)) "$*"
}

die() {
    printf 'demo.sh: %s\n' "$*" >&2
    exit 1
}

cleanup() {
    trap - EXIT INT TERM
    for pid in ${host_pids[@]+"${host_pids[@]}"}; do
        kill -TERM "$pid" 2>/dev/null
    done
    for pid in ${host_pids[@]+"${host_pids[@]}"}; do
        wait "$pid" 2>/dev/null
    done
    [ -z "$plane_pid" ] || { kill -TERM "$plane_pid" 2>/dev/null; wait "$plane_pid" 2>/dev/null; }
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# aws PROFILE REGION SERVICE...: the AWS CLI, pointed at the plane.
aws_as() {
    local profile=$1 region=$2
    shift 2
    AWS_PROFILE=$profile AWS_REGION=$region AWS_PAGER='' aws --endpoint-url "$url" --output text "$@"
}

manage() {
    aws_as management "${regions[0]}" "$@"
}

must() {
    "$@" || die "failed: $*"
}

# wait_until SECONDS COMMAND...: asks again until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.5
    done
}

# --- 1. build and start ---------------------------------------------------------------------

build_all() {
    [ "$(id -u)" -eq 0 ] || die "needs root: it makes hosts of namespaces and overlay mounts"
    say "installing what is missing"
    must tools/install_deps.sh demo >"$work/install.log" 2>&1
    say "building"
    [ -f build/build.ninja ] || must meson setup build >"$work/meson.log" 2>&1
    ninja -C build >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; die "the build failed"; }
}

start_plane() {
    rm -rf "$work/data" "$work/ready"
    "$build/src/daemon/patchbayd" --data "$work/data" --listen 127.0.0.1:0 \
        >"$work/ready" 2>"$work/patchbayd.log" &
    plane_pid=$!
    wait_until 20 grep -q '^patchbayd ready' "$work/ready" || { cat "$work/patchbayd.log"; die "patchbayd did not start"; }
    url=$(sed -n 's/^patchbayd ready on //p' "$work/ready")
    export PATCHBAY_ENDPOINT=$url
    export AWS_SHARED_CREDENTIALS_FILE=$work/data/credentials AWS_CONFIG_FILE=$work/aws-config
    export AWS_PROFILE=management AWS_EC2_METADATA_DISABLED=true
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CA_BUNDLE
    printf '[profile management]\nregion = %s\n' "${regions[0]}" >"$AWS_CONFIG_FILE"
    say "patchbayd runs at $url"
}

# --- 2. organization -------------------------------------------------------------------------

account_is_made() {
    local state
    state=$(manage organizations describe-create-account-status \
        --create-account-request-id "$1" --query CreateAccountStatus.State)
    [ "$state" != FAILED ] || die "the account could not be made"
    [ "$state" = SUCCEEDED ]
}

make_account() { # NAME -> id
    local request
    request=$(manage organizations create-account --email "$1@example.org" --account-name "$1" \
        --query CreateAccountStatus.Id) || die "create-account failed"
    wait_until 30 account_is_made "$request" || die "account $1 was not made in time"
    manage organizations describe-create-account-status --create-account-request-id "$request" \
        --query CreateAccountStatus.AccountId
}

make_organization() {
    local root unit alpha
    must manage organizations create-organization --feature-set ALL >/dev/null
    management=$(manage sts get-caller-identity --query Account)
    root=$(manage organizations list-roots --query 'Roots[0].Id')
    unit=$(manage organizations create-organizational-unit --parent-id "$root" --name Fleet \
        --query OrganizationalUnit.Id) || die "no OU"
    make_account alpha >"$work/alpha" & alpha=$!
    make_account beta >"$work/beta" || die "account beta could not be made"
    wait $alpha || die "account alpha could not be made"
    accounts=("$(cat "$work/alpha")" "$(cat "$work/beta")")
    for account in "${accounts[@]}"; do
        must manage organizations move-account --account-id "$account" \
            --source-parent-id "$root" --destination-parent-id "$unit"
        printf '[profile account-%s]\ncredential_process = %s --endpoint %s --profile management --account %s credentials\n' \
            "$account" "$build/src/cli/patchbay" "$url" "$account" >>"$AWS_CONFIG_FILE"
    done
    say "organization of $management with members ${accounts[*]} in OU $unit"
}

# --- 3. hosts ----------------------------------------------------------------------------------

node_trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},"Action":"sts:AssumeRole"}]}'

make_node_role() { # ACCOUNT
    aws_as "account-$1" "${regions[0]}" iam create-role --role-name PatchbayNode \
        --assume-role-policy-document "$node_trust" >/dev/null &&
        aws_as "account-$1" "${regions[0]}" iam attach-role-policy --role-name PatchbayNode \
            --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
}

host_dir() { # ACCOUNT REGION
    echo "$work/hosts/$1-$2"
}

start_host() { # ACCOUNT REGION NAME
    local dir
    dir=$(host_dir "$1" "$2")
    mkdir -p "$dir"
    "$build/tests/testbed/testbed-host" run --base "$base" --dir "$dir" --name "$3" \
        --bind "$build/src/agent/patchbay-agent:/usr/bin/patchbay-agent:ro" \
        --bind "$build/src/patch/patchbay-patch:/usr/bin/patchbay-patch:ro" \
        --bind "$build/src/patch/patchbay-apt.so:/usr/lib/patchbay/patchbay-apt.so:ro" \
        --when /var/lib/patchbay/agent/identity.json \
        --start '/usr/bin/patchbay-agent run --state /var/lib/patchbay/agent' \
        >"$dir/supervisor.log" 2>&1 &
    host_pids+=($!)
    "$build/tests/testbed/testbed-host" wait --dir "$dir" >/dev/null 2>&1 ||
        { cat "$dir/supervisor.log"; die "host $3 did not start"; }
}

in_host() { # ACCOUNT REGION COMMAND...
    local dir
    dir=$(host_dir "$1" "$2")
    shift 2
    "$build/tests/testbed/testbed-host" exec --dir "$dir" -- "$@"
}

register_host() { # ACCOUNT REGION
    local id code
    read -r id code < <(aws_as "account-$1" "$2" ssm create-activation --iam-role PatchbayNode \
        --tags Key=Environment,Value=Demo --query '[ActivationId,ActivationCode]')
    [ -n "$code" ] || return 1
    in_host "$1" "$2" /usr/bin/patchbay-agent register --endpoint "$url" --region "$2" \
        --activation-id "$id" --activation-code "$code" --state /var/lib/patchbay/agent \
        >>"$(host_dir "$1" "$2")/supervisor.log" 2>&1
}

# How many approved updates are missing, asked of the host itself before the plane does anything.
count_missing() { # ACCOUNT REGION
    in_host "$1" "$2" /usr/bin/patchbay-patch scan --refresh --json 2>/dev/null |
        jq '[.packages[] | select(.state == "Missing")] | length' >"$(host_dir "$1" "$2")/missing"
}

make_hosts() {
    local account region number=0 jobs=()
    say "preparing the hosts' base root (once; real security updates stay pending in it)"
    base=$(tests/testbed/base-root.sh 2>"$work/base-root.log" | tail -n 1)
    [ -d "$base" ] || { tail -n 20 "$work/base-root.log"; die "no base root"; }
    [ ! -d "$base/srv/local-repo" ] ||
        say "the mirror has no security update pending: a small signed repository gives each host one"
    for account in "${accounts[@]}"; do
        must make_node_role "$account"
    done
    rm -rf "$work/hosts"
    for account in "${accounts[@]}"; do
        for region in "${regions[@]}"; do
            number=$((number + 1))
            start_host "$account" "$region" "host$number"
            register_host "$account" "$region" & jobs+=($!)
        done
    done
    for job in "${jobs[@]}"; do
        wait "$job" || die "a host could not be registered"
    done
    jobs=()
    for account in "${accounts[@]}"; do
        for region in "${regions[@]}"; do
            count_missing "$account" "$region" & jobs+=($!)
        done
    done
    wait "${jobs[@]}"
    wait_until 30 nodes_are_online $number || die "not all nodes came online"
    say "$number hosts are registered and online"
}

nodes_are_online() { # COUNT
    local online
    online=$("$build/src/cli/patchbay" --output json status 2>/dev/null | jq .NodesOnline)
    [ "$online" = "$1" ]
}

# --- 4. groups, roles, schedule ---------------------------------------------------------------------

group_query='{"Type":"TAG_FILTERS_1_0","Query":"{\"ResourceTypeFilters\":[\"AWS::SSM::ManagedInstance\"],\"TagFilters\":[{\"Key\":\"Environment\",\"Values\":[\"Demo\"]}]}"}'

make_groups() {
    local account region jobs=()
    for account in "${accounts[@]}"; do
        for region in "${regions[@]}"; do
            aws_as "account-$account" "$region" resource-groups create-group --name $group \
                --resource-query "$group_query" >/dev/null & jobs+=($!)
        done
    done
    for job in "${jobs[@]}"; do
        wait "$job" || die "a resource group could not be made"
    done
    say "resource group $group is in every account and Region"
}

stack_is() { # NAME STATUS
    local status
    status=$(manage cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus')
    case $status in
    "$2") return 0 ;;
    *ROLLBACK* | *FAILED)
        manage cloudformation describe-stack-events --stack-name "$1" --output table
        die "stack $1 is $status"
        ;;
    esac
    return 1
}

make_stack() { # NAME TEMPLATE [PARAMETER...]
    local name=$1 template=$2
    shift 2
    must manage cloudformation create-stack --stack-name "$name" --template-body "file://templates/$template" \
        --capabilities CAPABILITY_NAMED_IAM ${1+--parameters "$@"} >/dev/null
    wait_until 60 stack_is "$name" CREATE_COMPLETE || die "stack $name did not complete"
}

operation_is_over() { # ID
    local status
    status=$(manage cloudformation describe-stack-set-operation --stack-set-name patching-execution-role \
        --operation-id "$1" --query StackSetOperation.Status)
    [ "$status" != FAILED ] || die "the stack set operation failed"
    [ "$status" = SUCCEEDED ]
}

deploy_roles() {
    local operation
    make_stack stackset-administration stackset-administration-role.yaml \
        ParameterKey=ExecutionRoleName,ParameterValue=OrganizationAccountAccessRole
    must manage cloudformation create-stack-set --stack-set-name patching-execution-role \
        --template-body file://templates/execution-role.yaml --capabilities CAPABILITY_NAMED_IAM \
        --execution-role-name OrganizationAccountAccessRole \
        --parameters "ParameterKey=ManagementAccountNumber,ParameterValue=$management" >/dev/null
    operation=$(manage cloudformation create-stack-instances --stack-set-name patching-execution-role \
        --accounts "${accounts[@]}" --regions "${regions[0]}" --query OperationId) || die "no operation"
    wait_until 60 operation_is_over "$operation" || die "the stack set did not finish"
    say "execution role deployed to ${#accounts[@]} accounts by a stack set"
}

deploy_schedule() {
    local bucket=demo-function-code
    must manage s3api create-bucket --bucket $bucket >/dev/null
    must manage s3api put-object --bucket $bucket --key schedule-patching.zip \
        --body "$build/functions/schedule-patching/schedule-patching.zip" >/dev/null
    make_stack scheduled-patching scheduled-patching.yaml \
        'ParameterKey=EventBridgeRuleSchedule,ParameterValue=rate(1 minute)' \
        ParameterKey=ExistingAutomationAdministrationRole,ParameterValue= \
        ParameterKey=LambdaCodeBucket,ParameterValue=$bucket \
        ParameterKey=LambdaCodeKey,ParameterValue=schedule-patching.zip \
        ParameterKey=ResourceGroupName,ParameterValue=$group \
        ParameterKey=RunPatchBaselineOperation,ParameterValue=Install \
        ParameterKey=RunPatchBaselineRebootOption,ParameterValue=RebootIfNeeded \
        ParameterKey=MaximumConcurrency,ParameterValue=100% \
        ParameterKey=TargetLocationMaxConcurrency,ParameterValue=4 \
        "ParameterKey=TargetAccounts,ParameterValue='$(IFS=,; echo "${accounts[*]}")'" \
        "ParameterKey=TargetRegionIds,ParameterValue='$(IFS=,; echo "${regions[*]}")'"
    rule=$(manage events list-rules --query 'Rules[0].Name')
    say "schedule stack is complete: rule $rule, rate(1 minute)"
}

# --- 5. the run ----------------------------------------------------------------------------------------

execution_exists() {
    execution=$(manage ssm describe-automation-executions \
        --query 'AutomationExecutionMetadataList[0].AutomationExecutionId')
    [ -n "$execution" ] && [ "$execution" != None ]
}

boots_of() { # ACCOUNT REGION
    sed -n 's/^boots=//p' "$(host_dir "$1" "$2")/state" 2>/dev/null
}

show_progress() {
    local line account region state=
    state=$("$build/src/cli/patchbay" --output json executions 2>/dev/null |
        jq -r --arg id "$execution" '.[] | select(.AutomationExecutionId == $id) | .AutomationExecutionStatus')
    line="run $state;"
    for account in "${accounts[@]}"; do
        for region in "${regions[@]}"; do
            line="$line $account/$region: $(aws_as "account-$account" "$region" ssm list-command-invocations \
                --query 'CommandInvocations[0].[InstanceId,StatusDetails]' | tr '\t' ' '), boot $(boots_of "$account" "$region");"
        done
    done
    [ "$line" = "${last_line:-}" ] || say "$line"
    last_line=$line
    case $state in Success | Failed | TimedOut | Cancelled) return 0 ;; esac
    return 1
}

# From the moment the command was asked for to the report of its last step, reboot included.
wall_time() { # ACCOUNT REGION
    local asked ended
    read -r asked ended < <(aws_as "account-$1" "$2" ssm list-command-invocations --details \
        --query 'CommandInvocations[0].[RequestedDateTime, max(CommandPlugins[].ResponseFinishDateTime)]')
    [ -n "${ended:-}" ] && [ "$ended" != None ] || { echo '?'; return; }
    echo $(($(date -d "$ended" +%s) - $(date -d "$asked" +%s)))s
}

report() {
    local account region states row failed=0
    states=$("$build/src/cli/patchbay" --output json compliance)
    printf '\n%-14s %-10s %-22s %14s %10s %7s %9s %10s %6s\n' \
        ACCOUNT REGION NODE 'MISSING BEFORE' INSTALLED FAILED REBOOTED COMPLIANT WALL
    for account in "${accounts[@]}"; do
        for region in "${regions[@]}"; do
            row=$(jq -r --arg a "$account" --arg r "$region" '.[] | select(.Account == $a and .Region == $r) |
                [.InstanceId, .MissingCount // 0, .FailedCount // 0, .Compliant] | @tsv' <<<"$states")
            local node missing failures compliant before boots
            IFS=$'\t' read -r node missing failures compliant <<<"$row"
            before=$(cat "$(host_dir "$account" "$region")/missing" 2>/dev/null)
            boots=$(boots_of "$account" "$region")
            printf '%-14s %-10s %-22s %14s %10s %7s %9s %10s %6s\n' "$account" "$region" "${node:-none}" \
                "${before:-?}" "$([ -n "$node" ] && echo $((${before:-0} - missing - failures)) || echo '?')" \
                "${failures:-?}" \
                "$([ "${boots:-1}" -gt 1 ] && echo yes || echo no)" "${compliant:-unknown}" \
                "$(wall_time "$account" "$region")"
            [ "$compliant" = true ] || failed=1
        done
    done
    return $failed
}

main() {
    mkdir -p "$work"
    build_all
    start_plane
    make_organization
    make_hosts
    make_groups
    deploy_roles
    deploy_schedule
    say "waiting for the rule's first minute"
    wait_until 150 execution_exists || { tail -n 20 "$work/patchbayd.log"; die "the rule did not fire"; }
    must manage events disable-rule --name "$rule"
    local run_started=$SECONDS
    say "execution $execution started; the rule is disabled"
    wait_until 400 show_progress || { tail -n 20 "$work/patchbayd.log"; die "the run did not end"; }
    "$build/src/cli/patchbay" executions watch "$execution"
    report
    local status=$?
    printf '\nrun: %ds, all: %ds\n' $((SECONDS - run_started)) $((SECONDS - started))
    if [ -n "$keep" ]; then
        cat <<EOF

Look further:
  export PATCHBAY_ENDPOINT=$url AWS_SHARED_CREDENTIALS_FILE=$AWS_SHARED_CREDENTIALS_FILE AWS_PROFILE=management
  build/src/cli/patchbay nodes
  build/src/cli/patchbay compliance
  build/src/cli/patchbay executions watch $execution
  eval "\$(build/src/cli/patchbay --account ${accounts[0]} env)"; aws --endpoint-url $url ssm list-commands
EOF
        echo "The plane and the hosts run until Ctrl-C."
        while kill -0 "$plane_pid" 2>/dev/null; do
            sleep 1
        done
    else
        echo "The plane and the hosts are gone now; ./demo.sh --keep lets you look further."
    fi
    return $status
}

main
exit $?
