# SPDX-License-Identifier: Apache-2.0
"""What a program's --help, its manual and its completion say is the same."""

import itertools
import re
import shlex
import shutil
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
    assert re.search(r"^ *complete -F _patchbay (.*)$", text, re.M).group(1).split() == [*PROGRAMS]
    text = (ROOT / "packaging/completion.zsh").read_text()
    assert text.splitlines()[0].split() == ["#compdef", *PROGRAMS]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The programs and their completions as an installation has them."""
    root = tmp_path_factory.mktemp("installed")
    for name, (source, folder, target) in itertools.product(PROGRAMS, [
            ("completion.bash", "bash-completion/completions", "{}"),
            ("completion.fish", "fish/vendor_completions.d", "{}.fish"),
            ("completion.zsh", "zsh/site-functions", "_{}")]):
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "packaging" / source, root / folder / target.format(name))
    (root / "bin").mkdir()
    for name in PROGRAMS:
        (root / "bin" / name).symlink_to(program(name))
    return root


def fish(root, *words):
    line = f"source {root}/fish/vendor_completions.d/{words[0]}.fish; complete -C '{' '.join(words)}'"
    return ["fish", "--no-config", "-c", line]


def zsh(root, *words):
    """The completion system without a terminal: what the function would add."""
    line = ("compadd() { print -l -- ${(P)@[-1]} }; _files() { print -- @files $* }\n"
            f"words=({' '.join(map(shlex.quote, words))}); CURRENT={len(words)}\n"
            f"fpath=({root}/zsh/site-functions); autoload -Uz _{words[0]}; _{words[0]}\n")
    return ["zsh", "-f", "-c", line]


@pytest.mark.parametrize("shell", [fish, zsh])
def test_other_shells_offer_the_same(installed, shell, tmp_path):
    for words in (("patchbay", ""), ("patchbay", "--output", ""), ("patchbayd", "admin", "new"),
                  ("patchbay-agent", "register", "--"), ("patchbay-patch", "scan", "--no")):
        done = subprocess.run(
            shell(installed, *words), capture_output=True, text=True, timeout=20, cwd=tmp_path,
            env={"PATH": f"{installed}/bin:/usr/bin:/bin", "HOME": str(tmp_path)})
        assert done.stderr == "", done.stderr
        offered = {line.split("\t")[0] for line in done.stdout.splitlines() if line}
        assert offered == complete(*words), words
    done = subprocess.run(zsh(installed, "patchbayd", "--data", ""), capture_output=True, text=True,
                          timeout=20, env={"PATH": f"{installed}/bin:/usr/bin:/bin"})
    assert done.stdout == "@files -/\n"
