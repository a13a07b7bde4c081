"""Names and numbers of a stock FreeBSD 15.1: services, protocols, users, groups, operating systems.

They are tables of this package and never the machine's /etc: what is said of a rule must not depend on who asks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_LETTERS = {"t": "tcp", "u": "udp", "s": "sctp"}


def _lines(name: str) -> list[list[str]]:
    return [line.split() for line in (_HERE / name).read_text().splitlines()]


def _protocols() -> tuple[dict[int, str], dict[str, int]]:
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for number, *words in _lines("protocols.txt"):
        names.setdefault(int(number), words[0])
        for word in words:
            numbers.setdefault(word, int(number))
    return names, numbers


PROTOCOLS, PROTOCOL_NUMBERS = _protocols()
PROTOCOL_NUMBERS.setdefault("icmp6", 58)


@cache
def _services() -> tuple[dict[tuple[str, str], int], dict[tuple[int, str], str]]:
    ports: dict[tuple[str, str], int] = {}
    names: dict[tuple[int, str], str] = {}
    for port, letters, *words in _lines("services.txt"):
        for proto in (_LETTERS[letter] for letter in letters):
            names.setdefault((int(port), proto), words[0])
            for word in words:
                ports.setdefault((word, proto), int(port))
    return ports, names


def service_port(name: str) -> int | None:
    """The port of a service, of tcp before udp before sctp; None for no such name."""
    ports = _services()[0]
    return next((ports[name, proto] for proto in ("tcp", "udp", "sctp") if (name, proto) in ports), None)


def service_name(port: int, proto: str) -> str | None:
    """How pfctl without -P prints a port of a rule: by the name for tcp, or for anything else that of udp."""
    return _services()[1].get((port, "tcp" if proto == "tcp" else "udp"))


USERS: dict[str, int] = {
    "root": 0,
    "toor": 0,
    "daemon": 1,
    "operator": 2,
    "bin": 3,
    "tty": 4,
    "kmem": 5,
    "games": 7,
    "news": 8,
    "man": 9,
    "sshd": 22,
    "smmsp": 25,
    "mailnull": 26,
    "bind": 53,
    "unbound": 59,
    "proxy": 62,
    "_pflogd": 64,
    "_dhcp": 65,
    "uucp": 66,
    "pop": 68,
    "auditdistd": 78,
    "www": 80,
    "ntpd": 123,
    "_ypldap": 160,
    "hast": 845,
    "tests": 977,
    "nobody": 65534,
}
GROUPS: dict[str, int] = {
    "wheel": 0,
    "daemon": 1,
    "kmem": 2,
    "sys": 3,
    "tty": 4,
    "operator": 5,
    "mail": 6,
    "bin": 7,
    "news": 8,
    "man": 9,
    "games": 13,
    "ftp": 14,
    "staff": 20,
    "sshd": 22,
    "smmsp": 25,
    "mailnull": 26,
    "guest": 31,
    "video": 44,
    "realtime": 47,
    "idletime": 48,
    "bind": 53,
    "unbound": 59,
    "proxy": 62,
    "authpf": 63,
    "_pflogd": 64,
    "_dhcp": 65,
    "uucp": 66,
    "dialer": 68,
    "network": 69,
    "audit": 77,
    "www": 80,
    "u2f": 116,
    "ntpd": 123,
    "_ypldap": 160,
    "hast": 845,
    "tests": 977,
    "nogroup": 65533,
    "nobody": 65534,
}
