"""Print the request of a jail: ROOT is the jail's root directory on the host, PATH a path relative to it.

The jail is hostile: it can put links, pipes and devices where the request is expected and exchange them while
we look. So the path is walked one component at a time, each opened relative to the one before and never by way
of a symbolic link: an open directory below the root stays below the root, whatever is renamed meanwhile. The
file itself must be a regular one, small, and text.

Exit status: 0; 65 not a request; 66 there is none; 77 a link or something else that is no file.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import unicodedata

LIMIT = 16384
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # what a terminal obeys, or nobody sees
STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def walk(root: str, path: str) -> int:
    """A descriptor of the file ROOT/PATH. Raises OSError for anything that is not a plain path to it."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    *parents, name = path.split("/")
    for parent in parents:
        below = os.open(parent, STEP, dir_fd=folder)
        os.close(folder)
        folder = below
    return os.open(name, FILE, dir_fd=folder)


def main(root: str, path: str) -> int:
    """Print the request, or say why not."""
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        return complain(64, f"{path!r} is not a plain relative path")
    signal.alarm(10)  # a file system that the jail serves itself (fusefs) may never answer
    try:
        file = walk(root, path)
    except FileNotFoundError:
        return complain(66, f"there is no request: {root}/{path} does not exist")
    except OSError as wrong:
        return complain(77, f"{root}/{path}: {wrong.strerror}; no part of the path may be a symbolic link")
    if not stat.S_ISREG(os.fstat(file).st_mode):
        return complain(77, f"{root}/{path} is not a regular file")
    with open(file, "rb") as stream:
        data = stream.read(LIMIT + 1)
    if len(data) > LIMIT:
        return complain(65, f"{root}/{path} is longer than {LIMIT} bytes; nobody would read that")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return complain(65, f"{root}/{path} is not UTF-8 text")
    if any(unicodedata.category(char) in UNSEEN and char not in "\n\t" for char in text):
        return complain(65, f"{root}/{path} holds control or invisible characters")
    sys.stdout.buffer.write(data)
    return 0


def complain(status: int, message: str) -> int:
    """One line on standard error."""
    print(ascii(message)[1:-1], file=sys.stderr)
    return status


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(complain(64, "usage: request.py ROOT PATH"))
    sys.exit(main(*sys.argv[1:]))
