# SPDX-License-Identifier: Apache-2.0
# bash completion for patchbay, patchbayd, patchbay-agent and patchbay-patch

_patchbay_words() {
    # shellcheck disable=SC2207 # words have no spaces
    COMPREPLY=($(compgen -W "$1" -- "$2"))
}

_patchbay() {
    local current=$2 previous=$3
    case $1:$previous in
    *:--credentials | *:--ca-file | *:--config | *:--tls-cert | *:--tls-key | *:--baseline)
        compopt -o default
        return
        ;;
    *:--data | *:--state | *:--root)
        compopt -o dirnames
        return
        ;;
    *:--output) _patchbay_words "json table" "$current" ;;
    *:--log-level) _patchbay_words "error warning notice info debug" "$current" ;;
    *:--reboot-option) _patchbay_words "RebootIfNeeded NoReboot" "$current" ;;
    patchbay:executions) _patchbay_words "watch" "$current" ;;
    patchbay:*) _patchbay_words "env credentials status nodes executions compliance --endpoint --profile
        --credentials --ca-file --account --region --output --help --version" "$current" ;;
    patchbayd:admin) _patchbay_words "create-account new-keys" "$current" ;;
    patchbayd:*) _patchbay_words "admin --data --listen --config --public-url --management-account --tls-cert
        --tls-key --insecure-http --threads --max-connections --workers --log-level --help --version" "$current" ;;
    patchbay-agent:*) _patchbay_words "register run --endpoint --region --activation-id --activation-code
        --state --ca-file --force --config --reboot-command --help --version" "$current" ;;
    patchbay-patch:*) _patchbay_words "scan install run --json --all --baseline --refresh --root --state
        --dry-run --reboot-option --no-refresh --lock-timeout --help --version" "$current" ;;
    esac
}

complete -F _patchbay patchbay patchbayd patchbay-agent patchbay-patch
