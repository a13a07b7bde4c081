"""Types of ICMP messages, by the names that pf.conf(5) has for them."""

from __future__ import annotations

import re

from jailpf.values.base import text
from jailpf.values.suggest import did_you_mean

_BOTH = ("echoreq", "echorep", "unreach", "timex", "paramprob", "redir", "routeradv")
_ICMP = """
squench althost routersol timereq timerep inforeq inforep maskreq maskrep trace dataconv mobredir ipv6-where ipv6-here
mobregreq mobregrep skip photuris
"""
_ICMP6 = """
toobig groupqry listqry grouprep listenrep groupterm listendone routersol neighbrsol neighbradv routrrenum wrureq fqdnreq
niqry wrurep fqdnrep nirep listenrepv2 mtraceresp mtrace
"""
NAMES = {"icmp": frozenset((*_BOTH, *_ICMP.split())), "icmp6": frozenset((*_BOTH, *_ICMP6.split()))}


class IcmpType(str):
    """A type of ICMP or ICMPv6: a name such as "echoreq", or a number from 0 to 255."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> IcmpType:
        """Make it. Raises ValueError."""
        word = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else text(raw, "an ICMP type")
        if re.fullmatch(r"0|[1-9][0-9]{0,2}", word, re.ASCII) and int(word) < 256:
            return cls(word)
        known = NAMES["icmp"] | NAMES["icmp6"]
        if word not in known:
            near = did_you_mean(word, known)
            raise ValueError(
                f"{word!r} is not a type of ICMP; {near if near.startswith('did') else 'a name of pf.conf(5), or 0 to 255'}"
            )
        return cls(word)

    def belongs(self, proto: str) -> bool:
        """Whether "icmp" or "icmp6" has it."""
        return self.isdigit() or self in NAMES[proto]

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The names, or a number."""
        return {
            "anyOf": [
                {"enum": sorted(NAMES["icmp"] | NAMES["icmp6"])},
                {"type": "integer", "minimum": 0, "maximum": 255},
            ]
        }
