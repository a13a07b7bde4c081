"""Strategies for what a TOML file may hold under a declared key: much of it right, some of it not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from jailpf.declare.schema import Key, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

GOOD = {
    "Address": ["192.0.2.7", "10.0.0.5", "2001:db8::7", "fd00::5"],
    "Network": ["192.0.2.0/24", "2001:db8::/32", "192.0.2.7"],
    "Peer": ["192.0.2.0/24", "2001:db8::1", "<a>", "(em0:0)", "(em0)"],
    "Party": ["192.0.2.0/24", "<a>", "jail:db", "jail:web*"],
    "Log": [True, "all", {"to": "pflog1"}],
    "IcmpType": ["echoreq", "unreach", 3],
    "HostName": ["office.example.org"],
    "Url": ["https://example.org/a"],
    "Gateway": ["192.0.2.1", "fe80::1"],
    "Outside": ["ext_ip4", "ext_ip6", "203.0.113.9", "<a>", "(em0)"],
    "Outgoing": ["(em0:0)", "203.0.113.1", "2001:db8::1"],
    "Member": ["192.0.2.0/24", "!192.0.2.7", "2001:db8::/32"],
    "Target": ["192.0.2.7", "otherjail", "fd00::9"],
    "Interface": ["em0", "lo0", "vtnet0.100", "e" * 15],
    "Protocol": ["tcp", "udp", "tcp+udp", "sctp+tcp"],
    "Rate": ["15/5", "1/1"],
    "Name": ["web", "a-b_c", "rdr"],
    "TableName": ["a", "ext_ip4", "a.b-c"],
    "AdapterName": ["jail.conf", "iocage"],
    "Filename": ["a.table", "/etc/b", "jails/{jail}.toml", "a {jail} b"],
    "AbsolutePath": ["/sbin/pfctl", "/a b"],
}
BAD = [
    "any", "!192.0.2.7", "! <a>", "em0", "em 0", "10.1", "192.0.2.7/24", "::", "e" * 16, "icmp", "gre", "tcp+icmp", "TCP",
    "0/5", "15", "-a", "a.b", "<a>", "/", 'a"b', "", "pfctl", 0, 1.5, True, {}, [], 70000,
]  # fmt: skip
ODD = st.sampled_from(BAD)


def value(one: Key) -> st.SearchStrategy[Any]:
    """What might stand there, arrays and tables included."""
    if one.type is bool:
        single: st.SearchStrategy[Any] = st.booleans()
    elif one.choices:
        single = st.sampled_from(one.choices)
    elif one.type.__name__ == "Port":
        single = st.one_of(st.integers(1, 65535), st.sampled_from(["80", "7000:7010", "00443"]))
    elif one.type.__name__ == "Count":
        single = st.integers(1, 2**32 - 1)
    elif one.type.__name__ in GOOD:
        single = st.sampled_from(GOOD[one.type.__name__])
    else:
        single = table(one.type)
    if one.many:
        single = st.one_of(single, st.lists(single, max_size=3))
    return st.integers(0, 29).flatmap(lambda dice: single if dice else ODD)


def table(cls: type, leave_out: Iterable[str] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """A table with some of the declared keys, the required ones always; now and then one that is not declared."""
    declared = {name: one for name, (_, one) in keys(cls).items() if name not in leave_out}
    needed = {name: value(one) for name, one in declared.items() if one.required}
    other = {name: value(one) for name, one in declared.items() if not one.required}
    made = st.fixed_dictionaries(needed, optional=other)
    return st.builds(lambda given, dice: given if dice else {**given, "nonsense": 1}, made, st.integers(0, 29))
