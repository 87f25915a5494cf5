# SPDX-License-Identifier: Apache-2.0
"""What a program's --help, its manual and its completion say is the same."""

import re
import shlex
import subprocess

import pytest

from conftest import BUILD, ROOT

PROGRAMS = {"patchbay": ("cli", "patchbay.1"), "patchbayd": ("daemon", "patchbayd.8"),
            "patchbay-agent": ("agent", "patchbay-agent.8"),
            "patchbay-patch": ("patch", "patchbay-patch.8")}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def program(name):
    return BUILD / "src" / PROGRAMS[name][0] / name


def help_of(name, *command):
    done = subprocess.run([program(name), *command, "--help"], capture_output=True, text=True,
                          timeout=20)
    return done.stdout + done.stderr


def commands(name):
    """Of `usage: NAME COMMAND` lines, and of lists of `  COMMAND  what it does`."""
    text = help_of(name)
    found = re.findall(rf"^(?:usage:|      ) {name} ([a-z][a-z-]*)", text, re.M)
    found += re.findall(r"^  ([a-z][a-z-]*) ", text, re.M)
    return sorted(set(found))


def all_help(name):
    return "\n".join([help_of(name)] + [help_of(name, c) for c in commands(name)])


def manual(name):
    """Its text, without examples of other programs."""
    text = (ROOT / "docs" / PROGRAMS[name][1]).read_text()
    return re.sub(r"^\.RS\n.*?^\.RE\n", "", text, flags=re.M | re.S).replace("\\-", "-")


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_manual_has_each_option_and_no_other(name):
    told, written = set(OPTION.findall(all_help(name))), set(OPTION.findall(manual(name)))
    told -= {"--help", "--version"}
    written -= {"--help", "--version"}
    assert len(told) > 3
    for other in PROGRAMS:  # which a manual may refer to
        written -= set(OPTION.findall(all_help(other))) - told
    assert told - written == set(), "not in the manual"
    assert written - told == set(), "not in --help"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_manual_has_each_command(name):
    assert len(commands(name)) >= 1
    for command in commands(name):
        assert re.search(rf"\b{re.escape(command)}\b", manual(name)), command


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_manual_is_well_formed(name):
    done = subprocess.run(["man", "--warnings", "-l", ROOT / "docs" / PROGRAMS[name][1]],
                          capture_output=True, text=True, timeout=20,
                          env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8",
                               "MANROFFOPT": "-ww"})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    for section in ("NAME", "SYNOPSIS", "EXIT STATUS", "SEE ALSO"):
        assert f"\n{section}\n" in done.stdout, section


SHELLS = "bash", "zsh", "fish"


def ask_bash(line):
    return ["bash", "-c", f"source {shlex.quote(str(ROOT / 'packaging/completion.bash'))}\n"
            f"compopt() {{ echo \"compopt $*\"; }}\n"
            f"COMP_WORDS=({' '.join(map(shlex.quote, line))})\nCOMP_CWORD={len(line) - 1}\n"
            f"_patchbay {shlex.quote(line[0])} {shlex.quote(line[-1])} {shlex.quote(line[-2])}\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\"\n"]


def ask_zsh(line):
    """Its editor, which alone calls such a function, wants a terminal: its part is played here."""
    return ["zsh", "-f", "-c", f"words=({' '.join(map(shlex.quote, line))}) CURRENT={len(line)}\n"
            "_files() { [[ $1 == -/ ]] && echo directories || echo files }\n"
            "compadd() { [[ $1 != -- ]] || shift; print -rl -- ${(M)@:#$words[CURRENT]*} }\n"
            f"source {shlex.quote(str(ROOT / 'packaging/completion.zsh'))}\n"]


def ask_fish(line):
    return ["fish", "--no-config", "-c",
            f"source {shlex.quote(str(ROOT / 'packaging/completion.fish'))}\n"
            f"complete -C {shlex.quote(shlex.join(line[:-1]) + ' ' + line[-1])}"]


def complete(name, *words, shell="bash", cwd=None):
    """What the shell offers for the last of the words."""
    line = [str(program(name)), *words]
    ask = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}[shell](line)
    done = subprocess.run(ask, capture_output=True, text=True, timeout=20, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return {word.split("\t")[0] for word in done.stdout.split("\n") if word}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_and_option_is_offered(name, shell):
    assert set(commands(name)) <= complete(name, "", shell=shell)
    for command in commands(name):
        told = set(OPTION.findall(help_of(name, command)))
        assert complete(name, command, "--", shell=shell) == told, command
    assert complete(name, "--versio", shell=shell) <= {"--version"}


@pytest.mark.parametrize("shell, files, folders", [
    ("bash", {"compopt -o default"}, {"compopt -o dirnames"}), ("zsh", {"files"}, {"directories"}),
    ("fish", {"a-file", "a-folder/"}, {"a-folder/"})])
def test_values_are_offered_where_they_are_known(shell, files, folders, tmp_path):
    def offered(*words):
        return complete(*words, shell=shell, cwd=tmp_path)

    (tmp_path / "a-file").touch()
    (tmp_path / "a-folder").mkdir()
    assert offered("patchbay", "--output", "") == {"json", "table"}
    assert offered("patchbay", "--output", "t") == {"table"}
    assert offered("patchbayd", "--log-level", "e") == {"error"}
    assert offered("patchbayd", "--tls-cert", "") == files
    assert offered("patchbayd", "--data", "") == folders
    assert offered("patchbayd", "--listen", "") == set()
    assert offered("patchbayd", "admin", "") >= {"create-account", "new-keys"}
    assert "--data" in offered("patchbayd", "admin", "--")  # fish waits for the beginning
    assert offered("patchbay-agent", "update", "--timeout", "") == set()
    assert "--force" in offered("patchbay-agent", "register", "--insecure-http", "--")


def test_each_program_finds_the_completion_under_its_name():
    for shell, line in {"bash": r"^complete -F _patchbay (.*)$", "zsh": r"^#compdef (.*)$",
                        "fish": r"^for program in (.*)$"}.items():
        text = (ROOT / f"packaging/completion.{shell}").read_text()
        assert re.search(line, text, re.M).group(1).split() == [*PROGRAMS], shell
