"""What may stand behind a piece of a statement.

Where a piece may go on or not, pfctl looks at the next token first: what may stand behind no such piece is a syntax error,
told before what is wrong with the piece itself.
"""

from __future__ import annotations

_OPTIONS = (
    "user group flags icmp-type icmp6-type prio tos no keep modulate synproxy ridentifier fragment allow-opts label queue "
    "dnpipe dnqueue tag tagged received-on probability rtable divert-to divert-reply scrub nat-to rdr-to binat-to af-to "
    "max-pkt-rate max-pkt-size set ! { \n"
)
_SCRUB = "no-df min-ttl max-mss set-tos reassemble random-id"
_POOL = "bitmask random source-hash round-robin static-port sticky-address endpoint-independent prefer-ipv6-nexthop map-e-portset"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(" "))


OPTION = _words(_OPTIONS)  # an option of a filter rule
POOL = OPTION | {"to"}
POOL_OPTIONS = OPTION | _words("inet inet6 proto from to all os")
PASS = _words("on inet inet6 proto from to all os tag tagged ! rtable ARROW \n")  # pass of nat, rdr and binat
END = OPTION | _words(_SCRUB) | _words("os to ARROW")  # from or to
LOG = (END - {"{"}) | _words("quick on from proto inet inet6 all for fastroute route-to dup-to reply-to")
PORT = END | _words("NE LE GE = < > STRING NUMBER , }")
HOST = END | _words(_POOL) | _words("port any no-route urpf-failed } ( ) < , STRING NUMBER")
STRINGS = END | _words(_POOL) | _words("on from proto inet inet6 all l3 matches } ) / ,")
