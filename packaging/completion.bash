# SPDX-License-Identifier: Apache-2.0
# bash completion for patchbay, patchbayd, patchbay-agent and patchbay-patch. The words are those of
# the program's own --help, so they cannot fall behind it. Installed under each program's name;
# completion.zsh and completion.fish ask it too.

# The commands that a help text names: `usage: PROGRAM COMMAND`, and lists of `  COMMAND  what`.
_patchbay_commands() {
    awk -v program="$1" -v depth="$2" '
        { at = 0; for (i = 1; i <= 2; i++) if ($i == program) at = i }
        at && (at == 1 || $1 == "usage:") { word = $(at + depth); if (word ~ /^[a-z][a-z-]*$/) print word }
        /^  [a-z][a-z-]* +[^ ]/ { print $1 }'
}

_patchbay() {
    local program=${1##*/} current=$2 previous=$3 command='' help i value
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} =~ ^[a-z][a-z-]*$ && ${COMP_WORDS[i - 1]} != --* ]]; then
            command=${COMP_WORDS[i]}
            break
        fi
    done
    # shellcheck disable=SC2086 # one word or none
    help=$("$1" $command --help 2>&1)

    COMPREPLY=()
    if [[ $previous == --* ]]; then
        value=$(sed -nE "s/.*$previous ([A-Za-z0-9|]+).*/\1/p" <<<"$help" | head -n 1)
        case $value in
        FILE) compopt -o default ;;
        DIR) compopt -o dirnames ;;
        LEVEL) mapfile -t COMPREPLY < <(compgen -W "error warning notice info debug" -- "$current") ;;
        *'|'*) mapfile -t COMPREPLY < <(compgen -W "${value//|/ }" -- "$current") ;;
        esac
        # A word in capitals is a value that has to be typed; else it was a flag.
        [[ ! $value =~ ^[A-Z0-9]+$ && $value != *'|'* ]] || return
    fi
    local words
    words=$(grep -oE -- '--[a-z][a-z-]*' <<<"$help" | sort -u)
    if [[ -z $command ]]; then
        words+=" $(_patchbay_commands "$program" 1 <<<"$help")"
    elif [[ $command == admin ]]; then
        words+=" $(_patchbay_commands "$program" 2 <<<"$help")"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

# Run as a program it serves the other shells: the words of a command line up to the one that is to be
# completed, in; what may stand there, out, a word a line, or @files or @folders.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    compopt() { [[ $2 == dirnames ]] && COMPREPLY=(@folders) || COMPREPLY=(@files); }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _patchbay "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}"
else
    complete -F _patchbay patchbay patchbayd patchbay-agent patchbay-patch
fi
