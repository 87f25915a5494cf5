#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the package's scripts do, the same for both families:
#
#   agent-package installed|upgraded|removing
#
# The unit is enabled at the first installation only, so an administrator's `disable` stays; an agent
# that has no identity is not started by it. Steps outlive the agent (KillMode=process): a restart
# interrupts no package manager, not even the one that runs this.
set -eu

unit=patchbay-agent.service
updater=patchbay-agent-update.service
state=/var/lib/patchbay-agent

is_systemd() {
    [ -d /run/systemd/system ]
}

# The agents of this program: not the keepers of steps, which have another first argument.
agents() {
    for exe in /proc/[0-9]*/exe; do
        case $(readlink "$exe" 2>/dev/null) in
        /usr/sbin/patchbay-agent | '/usr/sbin/patchbay-agent (deleted)') ;;
        *) continue ;;
        esac
        pid=${exe%/exe} pid=${pid#/proc/}
        case $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) in
        *"patchbay-agent run "*) echo "$pid" ;;
        esac
    done
}

# It ends within ten seconds of SIGTERM.
stop_agents() {
    pids=$(agents)
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # words
    kill $pids 2>/dev/null || :
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        [ -n "$(agents)" ] || return 0
        sleep 1
    done
}

case $1 in
installed)
    mkdir -p -m 700 "$state"
    chmod 700 "$state"
    ! command -v systemctl >/dev/null 2>&1 || systemctl enable "$unit" "$updater" || :
    if is_systemd; then
        systemctl daemon-reload
        # Left by a removal: this host is a node still.
        [ ! -e "$state/identity.json" ] || systemctl start "$unit" || :
    fi
    ;;
upgraded)
    if is_systemd; then
        systemctl daemon-reload
        # Not waited for: a version that never gets ready would hold the package manager for as long
        # as systemd waits for it, and an update waits for the plane's word anyway.
        systemctl --no-block try-restart "$unit" || :
    elif [ -n "$(agents)" ] && [ ! -e "$state/update/journal.json" ]; then
        echo "patchbay-agent: the agent that runs is the old one until it is started again"
    fi
    ;;
removing)
    ! command -v systemctl >/dev/null 2>&1 || systemctl disable "$unit" "$updater" || :
    ! is_systemd || systemctl stop "$unit" || :
    stop_agents
    ;;
*)
    echo "usage: agent-package installed|upgraded|removing" >&2
    exit 2
    ;;
esac
