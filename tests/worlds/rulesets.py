"""Random worlds: main rulesets, anchors and packets, on a host with two uplinks, a LAN, and jails of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from jailpf.pf.simulated.explain import rebuild
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.kernel.connection import Connection
    from jailpf.pf.simulated.reach.reached import Reached

JAILS = {
    "a": (["172.16.15.1", "fd7a::1"], "lo1", False),
    "b": (["172.16.15.2"], "lo1", False),
    "c": (["203.0.113.20"], "em0", False),
    "v": (["10.9.0.5", "fd09::5"], "bridge0", True),
    "w": (["10.9.0.6"], "bridge0", True),
    "s": (["fd7a::6"], "lo1", False),
}
ADDRESSES = [address for jail in JAILS.values() for address in jail[0]]
EXTERNAL = ["203.0.113.1", "203.0.113.20", "198.18.0.1", "192.168.1.1", "2001:db8::1"]
HOST = ["203.0.113.1", "2001:db8::1"]
SOURCES = ["198.51.100.7", "198.51.100.8", "192.0.2.1", "2001:db8:9::7"]
PORTS = [79, 80, 81, 82, 83, 6000, 6003, 7000, 7003]


# By which card somebody may come, and who.
CARDS = {"em0": SOURCES, "em1": SOURCES, "em2": ["192.168.1.7"]}


def hosted(pf: Simulated) -> Simulated:
    """Add two uplinks, a LAN, a bridge, and the jails."""
    pf.topology.add_interface("bridge0", "10.9.0.1/24", "fd09::1/64")
    pf.topology.add_interface("em1", "198.18.0.1/24", "2001:db8:18::1/64")
    pf.topology.add_interface("em2", "192.168.1.1/24")
    for name, (own, interface, vnet) in JAILS.items():
        pf.topology.add_jail(name, own, interface, vnet)
    return pf


_on = st.sampled_from(
    [
        "",
        "",
        "on em0",
        "on em0",
        "on em1",
        "on em2",
        "on lo0",
        "on lo1",
        "on bridge0",
        "on { em0 lo0 bridge0 }",
        "on ! em0",
    ]
)
_proto = st.sampled_from(["proto tcp", "proto udp", "proto { tcp udp }"])
_from = st.sampled_from(
    [
        "any",
        "192.168.1.0/24",
        "198.51.100.7",
        "<t>",
        "! <t>",
        "<u>",
        "192.0.2.0/24",
        "{ 198.51.100.8 172.16.15.2 }",
        "any port 4000",
        "(bridge0:network)",
    ]
)
_to = st.sampled_from(["any", "203.0.113.1", "<ext_ip4>", "(em0:0)", "(em0)", "{ 203.0.113.1 203.0.113.20 }"])
_port = st.sampled_from(["port 80", "port { 80 81 }", "port 79:82", "port 6000:6005"])
_target = st.sampled_from(["172.16.15.1", "172.16.15.2", "203.0.113.20", "10.9.0.5", "10.9.0.6"])
_pool = st.one_of(_target, _target, st.sampled_from(["{ 172.16.15.1 172.16.15.2 }", "{ 10.9.0.5 203.0.113.20 }"]))
_pass = st.sampled_from(["", "", "", "pass"])
_state = st.sampled_from(["", "", "", "no state", "flags any", "flags any no state"])
_target_port = st.sampled_from(["", "port 80", "port 7000:*"])
_tag = st.sampled_from(["", 'tag "x"', 'tag "y"'])
_tagged = st.sampled_from(["", "", 'tagged "x"', '! tagged "y"'])
_dport = st.sampled_from(["", "port 80", "port != 80", "port > 81", "port { 80 7003 }", "port 79 >< 82"])
_action = st.sampled_from(
    ["pass", "pass quick", "pass quick", "block", "block quick", "match", "pass in quick", "block out"]
)

_rdr = st.builds(
    "rdr {} {} inet {} from {} to {} {} {} -> {} {}".format,
    *(_pass, _on, _proto, _from, _to, _port, _tag, _pool, _target_port),
)
_no_rdr = st.builds("no rdr {} inet {} from any to {} {}".format, _on, _proto, _to, _port)
_rdr6 = st.builds("rdr on em0 inet6 proto tcp from any to any {} {} -> fd7a::1".format, _port, _tag)
_binat = st.builds("binat {} inet from {} to any {} -> 203.0.113.1".format, _on, _target, _tag)
_nat = st.builds("nat {} {} inet from {} to any {} -> (em0:0) static-port".format, _pass, _on, _target, _tag)


def _rule(action: str, on: str, proto: str, source: str, to: str, *words: str) -> str:
    port, state, *options = words
    state = state if "pass" in action else ""
    return " ".join((action, on, "inet", proto, "from", source, "to", to, port, state, *options))


_filter = st.builds(
    _rule,
    *(_action, _on, _proto, _from, st.sampled_from(["any", *ADDRESSES[:1], "172.16.15.2", "10.9.0.5", "<ext_ip4>"])),
    *(_dport, _state, _tag, _tagged),
)
_routing = st.builds(
    "pass {} {} inet {} from any to {} {}".format,
    st.sampled_from(["in quick on em0", "in on em0", "in quick on bridge0", "out quick on lo0", "out on bridge0"]),
    st.sampled_from(
        [
            "route-to (bridge0 10.9.0.5)",
            "route-to (em0 203.0.113.254)",
            "reply-to (em0 203.0.113.254)",
            "route-to { (em0 203.0.113.254), (bridge0 10.9.0.5) }",
        ]
    ),
    *(_proto, st.sampled_from(["any", "172.16.15.2", "10.9.0.5"]), _dport),
)
_changed = st.builds(  # as pf.conf of 15 has it, either way on either end
    "{} {} inet {} from {} to {} {} {}".format,
    *(
        st.sampled_from(["pass in", "pass out", "pass in quick", "match in", "match out", "match out"]),
        _on,
        _proto,
        _from,
        _to,
        _port,
    ),
    st.sampled_from(
        [
            "nat-to 203.0.113.1 static-port",
            "nat-to 10.9.0.1 static-port",
            "rdr-to 172.16.15.1",
            "rdr-to 10.9.0.5 port 80",
        ]
    ),
)
_filter6 = st.builds(
    "{} inet6 {} from any to {} {}".format, _action, _proto, st.sampled_from(["any", "fd7a::1"]), _dport
)
_plain = st.sampled_from(["pass", "block", "pass inet6 proto icmp6", "block out on bridge0", "pass inet proto icmp"])
_spoofed = st.builds("block in quick {} from urpf-failed to any".format, _on)
anchors = st.builds(
    lambda first, then: "table <t> { 192.0.2.0/24 198.51.100.7 !192.0.2.1 }\n" + "\n".join([*first, *then, ""]),
    st.lists(st.one_of(_rdr, _rdr, _no_rdr, _rdr6, _binat, _nat), max_size=3),
    st.lists(st.one_of(_filter, _filter, _spoofed, _filter, _changed, _routing, _filter6, _plain), max_size=4),
)
_calls = st.sampled_from(["", " on em0", " proto tcp", " inet from 198.51.100.0/24 to any", " from <u> to any"])
_called = st.one_of(
    st.builds('anchor "j/*"{}\n'.format, _calls),
    st.builds('anchor "j/*"{}\n'.format, _calls),
    st.builds(
        'anchor "nobody/*" {}quick\nanchor "j/*"{}\nblock proto udp\n'.format, st.sampled_from(["", "in "]), _calls
    ),
    st.builds('anchor "inline" quick {{\n anchor "j/*"{}\n pass proto udp\n}}\npass\n'.format, _calls),
    st.builds('anchor "j/*"{} tag "y"\nblock tagged "y"\n'.format, _calls),
)
mains = st.builds(
    'table <ext_ip4> {{ 203.0.113.1 }}\ntable <u> file "/nosuch/table"\n{}{}\nrdr-anchor "j/*"{}\nbinat-anchor "j/*"\nnat-anchor "j/*"\n{}\n{}\n{}'.format,
    *(st.sampled_from(["", "set skip on lo0\n", "set skip on bridge0\n"]), st.one_of(st.just(""), _rdr), _calls),
    *(
        st.sampled_from(["", "block all", "block in on em0", "pass"]),
        st.one_of(st.just("pass inet6 proto icmp6"), _filter),
    ),
    _called,
)
_ends = st.tuples(
    st.sampled_from([*ADDRESSES, *EXTERNAL, *EXTERNAL]), st.sampled_from(PORTS), st.sampled_from([4000, 40000])
)
_published = st.tuples(
    st.sampled_from(EXTERNAL[:3]), st.sampled_from([80, 81, 6000, 6003]), st.sampled_from([4000, 40000])
)
_senders = st.sampled_from(["outside", "outside", "outside", "host", *(f"jail:{name}" for name in JAILS)])


class Sent(NamedTuple):
    """One packet. card: where it comes in, "" for that of a jail or the host."""

    sender: str
    card: str
    proto: str
    source: str
    source_port: int
    to: str
    port: int

    @property
    def family(self) -> str:
        """inet or inet6."""
        return "inet6" if ":" in self.to else "inet"

    @property
    def origin(self) -> str:
        """As reach names it."""
        if self.card:
            return "outside" if self.card == "em0" else self.card
        return "bridge0" if self.sender.startswith("jail:") and JAILS[self.sender[5:]][2] else "local"

    def within(self, one: Reached) -> bool:
        """Whether a row has it."""
        there = (one.origin, one.family, one.proto) == (self.origin, self.family, self.proto)
        return there and one.includes(
            parse_address(self.source).number, self.source_port, parse_address(self.to).number, self.port
        )

    def asked(self, pf: Simulated) -> Connection:
        """What connect says of it."""
        return pf.connect(
            self.proto, self.source, self.to, self.port, source_port=self.source_port, sender=self.sender, keep=False,
            interface=self.card or None,
        )  # fmt: skip


def _sent(sender: str, card: str, proto: str, source: str, ends: tuple[str, int, int]) -> Sent | None:
    to, port, source_port = ends
    own = [source] if sender == "outside" else HOST if sender == "host" else JAILS[sender[5:]][0]
    fitting = [one for one in own if (":" in one) == (":" in to)]
    if not fitting or (sender == "outside" and source not in CARDS[card]):
        return None
    if proto == "icmp":
        proto, port, source_port = ("ipv6-icmp" if ":" in to else "icmp"), 0, 0
    return Sent(sender, card if sender == "outside" else "", proto, fitting[0], source_port, to, port)


packets = st.builds(
    _sent,
    *(
        _senders,
        st.sampled_from(["em0", "em0", "em0", "em1", "em1", "em2"]),
        st.sampled_from(["tcp", "tcp", "udp", "icmp"]),
    ),
    *(st.sampled_from([*SOURCES, "192.168.1.7"]), st.one_of(_ends, _published)),
).filter(bool)


def world(main: str, loaded: Sequence[str]) -> Simulated:
    """A host with these rulesets."""
    pf = hosted(rebuild(main))
    for number, text in enumerate(loaded):
        pf.load(f"j/{number}", text)
    return pf
