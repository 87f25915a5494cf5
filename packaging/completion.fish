# SPDX-License-Identifier: Apache-2.0
# fish completion for patchbay, patchbayd, patchbay-agent and patchbay-patch. The words are those of
# the program's own --help, so they cannot fall behind it. Installed under each program's name.

# The commands that a help text names: `usage: PROGRAM COMMAND`, and lists of `  COMMAND  what`.
function __patchbay_commands
    awk -v program=$argv[1] -v depth=$argv[2] '
        { at = 0; for (i = 1; i <= 2; i++) if ($i == program) at = i }
        at && (at == 1 || $1 == "usage:") { word = $(at + depth); if (word ~ /^[a-z][a-z-]*$/) print word }
        depth == 1 && /^  [a-z][a-z-]* +[^ ]/ { print $1 }'
end

function __patchbay_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (basename $words[1])
    set -l previous $words[-1]
    set -l command
    for i in (seq 2 (count $words))
        if string match -qr '^[a-z][a-z-]*$' -- $words[$i]
            and not string match -q -- '--*' $words[(math $i - 1)]
            set command $words[$i]
            break
        end
    end
    set -l help ($words[1] $command --help 2>&1)

    if string match -q -- '--*' $previous
        set -l value (printf '%s\n' $help | sed -nE "s/.*$previous ([A-Za-z0-9|]+).*/\1/p" | head -n 1)
        switch "$value"
            case FILE
                __fish_complete_path $current
            case DIR
                __fish_complete_directories $current ''
            case LEVEL
                printf '%s\n' error warning notice info debug
            case '*|*'
                string split '|' -- $value
        end
        # A word in capitals is a value that has to be typed; else it was a flag.
        if string match -qr '^[A-Z0-9]+$|\|' -- "$value"
            return
        end
    end
    printf '%s\n' $help | grep -oE -- '--[a-z][a-z-]*' | sort -u
    if test -z "$command"
        printf '%s\n' $help | __patchbay_commands $program 1
    else if test $command = admin
        printf '%s\n' $help | __patchbay_commands $program 2
    end
end

for program in patchbay patchbayd patchbay-agent patchbay-patch
    complete -c $program -f -a '(__patchbay_words)'
end
