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


def complete(name, *words):
    """What bash offers for the last of the words."""
    line = [str(program(name)), *words]
    script = (f"source {shlex.quote(str(ROOT / 'packaging/completion.bash'))}\n"
              f"compopt() {{ echo \"compopt $*\"; }}\n"
              f"COMP_WORDS=({' '.join(map(shlex.quote, line))})\nCOMP_CWORD={len(line) - 1}\n"
              f"_patchbay {shlex.quote(line[0])} {shlex.quote(line[-1])} {shlex.quote(line[-2])}\n"
              "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return {word for word in done.stdout.split("\n") if word}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_and_option_is_offered(name):
    assert set(commands(name)) <= complete(name, "")
    for command in commands(name):
        told = set(OPTION.findall(help_of(name, command)))
        assert complete(name, command, "--") == told, command
    assert complete(name, "--versio") <= {"--version"}


def test_values_are_offered_where_they_are_known():
    assert complete("patchbay", "--output", "") == {"json", "table"}
    assert complete("patchbay", "--output", "t") == {"table"}
    assert complete("patchbayd", "--log-level", "e") == {"error"}
    assert complete("patchbayd", "--tls-cert", "") == {"compopt -o default"}
    assert complete("patchbayd", "--data", "") == {"compopt -o dirnames"}
    assert complete("patchbayd", "--listen", "") == set()
    assert complete("patchbayd", "admin", "") >= {"create-account", "new-keys", "--data"}
    assert complete("patchbay-agent", "update", "--timeout", "") == set()
    assert "--force" in complete("patchbay-agent", "register", "--insecure-http", "--")


def test_each_program_finds_the_completion_under_its_name():
    text = (ROOT / "packaging/completion.bash").read_text()
    assert re.search(r"^complete -F _patchbay (.*)$", text, re.M).group(1).split() == [*PROGRAMS]
