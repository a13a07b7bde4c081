"""The ports that the host itself listens on, as sockstat(1) shows them."""

from __future__ import annotations

import re
from typing import NamedTuple

from jailpf.errors import JailpfError
from jailpf.system import programs
from jailpf.values import Network

_LINE = re.compile(
    r"^(?P<user>\S+)\s+(?P<who>\S.*?)\s+(?:\d+|\?+)\s+(?:\d+|\?+)\s+(?P<proto>tcp|toe|udp|sctp)(?P<families>4|6|46)\s+(?P<address>\S+):(?P<port>\d+)\s"
)
_ASK = ("-4", "-6", "-l", "-w")  # without -w 15 cuts addresses short, and their ports away


class Listener(NamedTuple):
    """A program that listens. address: None for all of the host's, of the families "46" or one of them."""

    who: str
    proto: str
    address: Network | None
    port: int
    families: str = "46"


SSHD = Listener("sshd", "tcp", None, 22)
KERNEL = "the kernel"


def listening(sockstat: str) -> list[Listener]:
    """The host's own programs, which are in jail 0, and the kernel's sockets, which are nobody's: what a jail's program holds is no port of the host."""
    try:
        everybody = parse(programs.run(sockstat, *_ASK))
    except JailpfError:
        return [SSHD]
    try:
        host = parse(programs.run(sockstat, *_ASK, "-j", "0"))
    except JailpfError:
        return everybody
    return [*host, *(one for one in everybody if one.who == KERNEL)]


def parse(text: str) -> list[Listener]:
    """The listeners in the text of sockstat(1), of 13 to 15. Lines without a port are none."""
    found = []
    for line in text.splitlines():
        if not (read := _LINE.match(line + " ")):
            continue
        word = read["address"].strip("[]").split("%")[0]
        try:
            address = None if word == "*" else Network.parse(word)
        except ValueError:
            continue
        who = KERNEL if read["user"].startswith("?") else read["who"]
        found.append(Listener(who, read["proto"].replace("toe", "tcp"), address, int(read["port"]), read["families"]))
    return found
