# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Unpacks the BSDs' headers from the wheel in argv[1] into argv[2], by the directories in argv[3:]."""

import pathlib
import sys
import zipfile

INCLUDE = "ziglang/lib/libc/include/"


def main(wheel, into, directories):
    wanted = tuple(INCLUDE + name + "/" for name in directories)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.startswith(wanted) or name.endswith("/"):
                continue
            path = pathlib.Path(into, name[len(INCLUDE):])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))


main(sys.argv[1], sys.argv[2], sys.argv[3:])
