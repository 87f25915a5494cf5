#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""zip.py BOOTSTRAP OUT: the archive that Lambda takes, the same bytes for the same program."""
import sys
import zipfile

program, out = sys.argv[1:]
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, open(program, "rb") as f:
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, f.read())
