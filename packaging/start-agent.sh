#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where there is no systemd: what each boot starts, as root, with the options of `patchbay-agent run`.
# An update that a power cut interrupted is brought to an end first, by the updater's own copy of the
# program: the one that is installed may be the very one that does not start.
updater=/var/lib/patchbay-agent/update/updater
journal=/var/lib/patchbay-agent/update/journal.json

if [ -e "$journal" ] && [ -x "$updater" ]; then
    "$updater" update --resume
fi
exec /usr/sbin/patchbay-agent run "$@"
