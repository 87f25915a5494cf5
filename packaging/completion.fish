# SPDX-License-Identifier: Apache-2.0
# fish completion of the program that this file is named after: the words are those of
# completion.bash, which is installed beside it.
set -l program (basename (status filename) .fish)
set -l bash (dirname (status filename))/../../bash-completion/completions/$program

function __patchbay_offers
    set -l current (commandline -ct)
    set -l offers (bash $argv[1] (commandline -opc) "$current" 2>/dev/null)
    switch "$offers[1]"
        case @files
            __fish_complete_path "$current"
        case @folders
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $offers
    end
end

complete -c $program -f -a "(__patchbay_offers $bash)"
