"""pf's log, line by line: what tcpdump(1) prints of pflog(4) with -n -e -tttt.

Source of the form: facts-2.md section 8 (print-pflog.c), and the lines seen there. The rule's anchor is the last part
of its path, cut to 15 bytes, and empty for later packets of `log (all)`.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple

from jailpf.pf.simulated.rules.words import PROTOCOLS

LINE = re.compile(
    r"(?P<when>(?:\d{4}-\d\d-\d\d )?[\d:.]+) rule (?P<numbers>[^(]*)/(?P<code>\d+|unkn)\((?P<reason>[^)]*)\)"
    r"(?: \[uid \d+\])?(?: \[ridentifier (?P<identifier>\d+)\])?: "
    r"(?P<action>\S+) (?P<direction>in|out|in/out) on (?P<interface>[^:]+): (?P<rest>.*)"
)
_ENDS = re.compile(r"(?:IP6? )?(?:\([^)]*\) )?(?P<source>[0-9A-Fa-f:.]+) > (?P<to>[0-9A-Fa-f:.]+): ?(?P<what>.*)")
# What stands before the protocol: headers of IPv6, with the ports behind them where tcpdump has not put them to the ends.
_BEFORE = re.compile(r" ?(?:HBH |DSTOPT |srcrt [^:]*: |frag \([^)]*\) ?)+(?:(?P<source>\d+) > (?P<to>\d+): )?")
_CUT = re.compile(r" ?\[\|(\w+)\]|\s*ip-proto-(\d+)")  # too short to be told, or one that tcpdump has no words for
_INSIDE = re.compile(r"(?:IP6? )?[0-9A-Fa-f:.]+ > (?P<to>[0-9A-Fa-f:.]+): ")
NAME_MAX = 15


class Packet(NamedTuple):
    """One logged packet.

    anchor: as logged, at most 15 bytes; number: of the rule in it, -1 where it is the main ruleset's; identifier: its
    ridentifier, 0 for none; proto: "" where
    the line does not say; ports are 0 for protocols without.
    """

    when: str
    action: str
    direction: str
    interface: str
    reason: str
    anchor: str
    number: int
    proto: str
    source: str
    source_port: int
    to: str
    port: int
    identifier: int = 0


def parse(line: str) -> Packet | None:
    """A line of tcpdump, None for one that is not of this form (its banner, a continued line, no address or port)."""
    found = LINE.match(line.strip())
    ends = _ENDS.match(found["rest"]) if found else None
    if not found or not ends:
        return None
    anchor, number = _rule(found["numbers"])
    before = _BEFORE.match(ends["what"])
    proto = _proto(ends["what"][before.end() if before else 0 :])
    source, source_port = _end(ends["source"], proto)
    to, port = _end(ends["to"], proto)
    if before and before["to"] and not port:
        source_port, port = int(before["source"]), int(before["to"])
    if not (_possible(source, source_port) and _possible(to, port)):
        return None
    reason = found["reason"] if found["code"] != "unkn" else f"reason {found['reason']}"  # newer than tcpdump
    if not proto and source_port:
        proto = "udp"  # tcpdump says what is in it (a DNS question) and not that it is UDP
    return Packet(
        found["when"], found["action"], found["direction"], found["interface"], reason, anchor, number, proto,
        source, source_port, to, port, int(found["identifier"] or 0),
    )  # fmt: skip


def _possible(address: str, port: int) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return port < 1 << 16


def _rule(numbers: str) -> tuple[str, int]:
    """ "2.web.0" -> ("web", 0); "4" -> ("", -1). Names may hold dots, and be empty."""
    _, dot, rest = numbers.partition(".")
    if not dot:
        return "", -1
    name, _, number = rest.rpartition(".")
    return name, int(number) if number.isdigit() else -1


def _proto(what: str) -> str:
    if what.startswith("Flags ["):
        return "tcp"
    words = {
        "ICMP6": "icmp6",
        "ICMP": "icmp",
        "UDP": "udp",
        "igmp": "igmp",
        "ESP(": "esp",
        "GRE": "gre",
        "AH(": "ah",
        "VRRP": "vrrp",
        "CARP": "carp",
        "PIM": "pim",
        "OSPF": "ospf",
        "sctp": "sctp",
    }
    if cut := _CUT.match(what):
        return cut[1] or PROTOCOLS.get(int(cut[2]), cut[2])
    if inside := _INSIDE.match(what):
        return "ipv6" if ":" in inside["to"] else "ipencap"
    return next((proto for word, proto in words.items() if what.startswith(word)), "")


def _end(word: str, proto: str) -> tuple[str, int]:
    """ "198.51.100.2.53776" -> its address and port. IPv6 is "2001:db8::2.53776"."""
    head, dot, tail = word.rpartition(".")
    with_port = bool(dot) and tail.isdigit() and (":" in head or head.count(".") == 3)
    if not with_port or proto.startswith("icmp"):
        return word, 0
    return head, int(tail)
