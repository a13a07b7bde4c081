"""Types and codes of ICMP by the names that pf.conf(5) knows. Of several names of one number the first is printed."""

from __future__ import annotations

TYPES: dict[str, int] = {
    "echoreq": 8,
    "echorep": 0,
    "unreach": 3,
    "squench": 4,
    "redir": 5,
    "althost": 6,
    "routeradv": 9,
    "routersol": 10,
    "timex": 11,
    "paramprob": 12,
    "timereq": 13,
    "timerep": 14,
    "inforeq": 15,
    "inforep": 16,
    "maskreq": 17,
    "maskrep": 18,
    "trace": 30,
    "dataconv": 31,
    "mobredir": 32,
    "ipv6-where": 33,
    "ipv6-here": 34,
    "mobregreq": 35,
    "mobregrep": 36,
    "skip": 39,
    "photuris": 40,
}
TYPES6: dict[str, int] = {
    "unreach": 1,
    "toobig": 2,
    "timex": 3,
    "paramprob": 4,
    "echoreq": 128,
    "echorep": 129,
    "groupqry": 130,
    "listqry": 130,
    "grouprep": 131,
    "listenrep": 131,
    "groupterm": 132,
    "listendone": 132,
    "routersol": 133,
    "routeradv": 134,
    "neighbrsol": 135,
    "neighbradv": 136,
    "redir": 137,
    "routrrenum": 138,
    "wrureq": 139,
    "wrurep": 140,
    "fqdnreq": 139,
    "fqdnrep": 140,
    "niqry": 139,
    "nirep": 140,
    "mtraceresp": 200,
    "mtrace": 201,
    "listenrepv2": 143,
}
_UNREACHABLE = (
    "net-unr host-unr proto-unr port-unr needfrag srcfail net-unk host-unk isolate net-prohib host-prohib net-tos "
    "host-tos filter-prohib host-preced cutoff-preced"
)
CODES: dict[int, dict[str, int]] = {
    3: {name: code for code, name in enumerate(_UNREACHABLE.split())},
    5: {"redir-net": 0, "redir-host": 1, "redir-tos-net": 2, "redir-tos-host": 3},
    9: {"normal-adv": 0, "common-adv": 16},
    11: {"transit": 0, "reassemb": 1},
    12: {"badhead": 0, "optmiss": 1, "badlen": 2},
    40: {"unknown-ind": 1, "auth-fail": 2, "decrypt-fail": 3},
}
CODES6: dict[int, dict[str, int]] = {
    1: {"admin-unr": 1, "noroute-unr": 0, "notnbr-unr": 2, "beyond-unr": 2, "addr-unr": 3, "port-unr": 4},
    3: {"transit": 0, "reassemb": 1},
    4: {"badhead": 0, "nxthdr": 1},
    137: {"redironlink": 0, "redirrouter": 1},
}


def type_text(number: int, six: bool) -> str:
    """A type as pfctl prints it."""
    return _name(TYPES6 if six else TYPES, number)


def code_text(kind: int, number: int, six: bool) -> str:
    """A code of a type as pfctl prints it."""
    return _name((CODES6 if six else CODES).get(kind, {}), number)


def _name(names: dict[str, int], number: int) -> str:
    return next((name for name, found in names.items() if found == number), str(number))
