#compdef patchbay patchbayd patchbay-agent patchbay-patch
# SPDX-License-Identifier: Apache-2.0
# zsh completion: the words are those of completion.bash, which is installed beside it.
local bash=${${(%):-%x}:A:h}/../../bash-completion/completions/${words[1]:t}
local -a offers
offers=(${(f)"$(bash $bash "${(@)words[1,CURRENT]}" 2>/dev/null)"})
case $offers[1] in
@files) _files ;;
@folders) _files -/ ;;
*) compadd -a offers ;;
esac
