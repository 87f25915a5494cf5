#compdef patchbay patchbayd patchbay-agent patchbay-patch
# SPDX-License-Identifier: Apache-2.0
# zsh completion for patchbay, patchbayd, patchbay-agent and patchbay-patch. The words are those of
# the program's own --help, so they cannot fall behind it. Installed under _ and each program's name.

# The commands that a help text names: `usage: PROGRAM COMMAND`, and lists of `  COMMAND  what`.
_patchbay_commands() {
    awk -v program="$1" -v depth="$2" '
        { at = 0; for (i = 1; i <= 2; i++) if ($i == program) at = i }
        at && (at == 1 || $1 == "usage:") { word = $(at + depth); if (word ~ /^[a-z][a-z-]*$/) print word }
        depth == 1 && /^  [a-z][a-z-]* +[^ ]/ { print $1 }'
}

_patchbay_words() {
    local program=${words[1]:t} previous=${words[CURRENT-1]} help value i
    local -a command offered
    for ((i = 2; i < CURRENT; i++)); do
        if [[ $words[i] =~ '^[a-z][a-z-]*$' && $words[i-1] != --* ]]; then
            command=($words[i])
            break
        fi
    done
    help=$(${(Q)words[1]} $command --help 2>&1)

    if [[ $previous == --* ]]; then
        value=$(sed -nE "s/.*$previous ([A-Za-z0-9|]+).*/\1/p" <<<"$help" | head -n 1)
        case $value in
        FILE) _files ;;
        DIR) _files -/ ;;
        LEVEL) compadd error warning notice info debug ;;
        *'|'*) compadd -- ${(s:|:)value} ;;
        esac
        # A word in capitals is a value that has to be typed; else it was a flag.
        [[ ! $value =~ '^[A-Z0-9]+$' && $value != *'|'* ]] || return 0
    fi
    offered=(${(f)"$(grep -oE -- '--[a-z][a-z-]*' <<<"$help" | sort -u)"})
    if [[ -z $command ]]; then
        offered+=(${(f)"$(_patchbay_commands $program 1 <<<"$help")"})
    elif [[ $command == admin ]]; then
        offered+=(${(f)"$(_patchbay_commands $program 2 <<<"$help")"})
    fi
    compadd -- $offered
}

_patchbay_words
