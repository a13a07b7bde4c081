"""Random worlds for what leaves: rules about what jails may open, and packets of theirs to elsewhere."""

from __future__ import annotations

from hypothesis import strategies as st

from worlds.rulesets import HOST, JAILS, Sent, anchors, mains, world

__all__ = ["leavers", "loads", "outsides", "world"]

# Behind the uplink, its neighbour, behind the second one, on the LAN, beside the vnet jails; multicast is not followed.
ELSEWHERE = [
    *("198.51.100.7", "198.51.100.8", "192.0.2.1", "203.0.113.77", "198.18.0.77", "192.168.1.7", "10.9.0.77"),
    *("2001:db8:9::7", "2001:db8::77", "fd09::77"),
]
PORTS = [25, 53, 80, 443]

_action = st.sampled_from(
    [
        "pass out",
        "pass out quick",
        "pass",
        "pass in quick",
        "block out quick",
        "block return quick",
        "match out",
        "match",
    ]
)
_on = st.sampled_from(["", "", "on em0", "on em0", "on em1", "on em2", "on bridge0", "on lo1", "on ! em0"])
_proto = st.sampled_from(["", "proto tcp", "proto udp", "proto { tcp udp }"])
_source = st.sampled_from(
    ["any", "any", "172.16.15.1", "172.16.15.2", "10.9.0.5", "10.9.0.0/24", "{ 172.16.15.1 10.9.0.6 }", "<t>", "! <t>", "(em0:0)"]
)  # fmt: skip
_to = st.sampled_from(
    ["any", "any", "198.51.100.7", "198.51.100.0/24", "! 198.51.100.0/24", "<t>", "! <t>", "<u>", "192.168.1.0/24", "172.16.15.2"]
)  # fmt: skip
_port = st.sampled_from(["", "", "port 443", "port { 80 443 }", "port 25:80", "port != 25"])
_tag = st.sampled_from(["", "", 'tag "x"', 'tag "y"'])
_tagged = st.sampled_from(["", "", "", 'tagged "x"', '! tagged "y"'])
_state = st.sampled_from(["", "", "", "", "no state"])


def _filter(action: str, on: str, proto: str, source: str, to: str, *words: str) -> str:
    port, state, *tags = words
    state = state if "pass" in action else ""
    port = port if proto else ""
    return " ".join((action, on, "inet", proto, "from", source, "to", to, port, state, *tags))


_filters = st.builds(_filter, _action, _on, _proto, _source, _to, _port, _state, _tag, _tagged)
_filter6 = st.builds(
    "{} inet6 {} from {} to {} {}".format,
    st.sampled_from(["pass out", "pass out quick on em0", "block out quick", "pass quick"]),
    st.sampled_from(["proto tcp", "proto udp"]),
    st.sampled_from(["any", "fd7a::1", "fd09::5", "! fd7a::6"]),
    st.sampled_from(["any", "2001:db8:9::/48", "2001:db8:9::7"]),
    _port,
)
_nat = st.builds(
    "{}nat {} inet {} from {} to {} {} -> {}".format,
    st.sampled_from(["", "", "", "no "]),
    st.sampled_from(["on em0", "on em0", "on em1", "on em2", ""]),
    st.sampled_from(["", "", "proto tcp"]),
    st.sampled_from(["172.16.15.1", "172.16.15.2", "10.9.0.5", "10.9.0.0/24", "{ 172.16.15.1 172.16.15.2 }", "any"]),
    st.sampled_from(["any", "any", "198.51.100.0/24", "! <t>", "<u>"]),
    _tag,
    st.sampled_from(["(em0:0)", "(em0:0) static-port", "203.0.113.20", "{ 203.0.113.1 203.0.113.20 }", "(em1:0)"]),
).map(lambda text: text.split(" -> ")[0] if text.startswith("no ") else text)
_binat = st.builds(
    "binat on {} inet from {} to any -> {}".format,
    st.sampled_from(["em0", "em1"]),
    st.sampled_from(["172.16.15.2", "10.9.0.6"]),
    st.sampled_from(["203.0.113.20", "198.18.0.1"]),
)
_rdr = st.builds(
    "rdr on {} inet proto {} from any to {} port {} -> {}".format,
    st.sampled_from(["bridge0", "bridge0", "lo1", "em0"]),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["any", "any", "172.16.15.2", "10.9.0.1", "! 10.9.0.0/24", "<u>"]),
    st.sampled_from(["53", "80", "443"]),
    st.sampled_from(["198.51.100.7", "198.51.100.8 port 443", "172.16.15.1", "{ 198.51.100.7 172.16.15.1 }", "10.9.0.5"]),
)  # fmt: skip
_routes = st.builds(
    "pass {} inet {} from {} to any {}".format,
    st.sampled_from(
        [
            "out quick on em0 route-to (em1 198.18.0.254)",
            "out on em0 route-to (em2 192.168.1.9)",
            "in quick on bridge0 route-to (em1 198.18.0.254)",
            "in quick on bridge0 route-to (em7 198.18.0.254)",
            "out quick on em0 route-to { (em1 198.18.0.254), (em0 203.0.113.254) }",
            "in on bridge0 reply-to (bridge0 10.9.0.5)",
        ]
    ),
    st.sampled_from(["proto tcp", "proto { tcp udp }"]),
    st.sampled_from(["any", "10.9.0.5", "172.16.15.0/24", "(em0:0)"]),
    _port,
)
_after = st.builds(
    "pass {} inet proto {} from any to any port {} {}".format,
    st.sampled_from(["out on em0", "in on bridge0", "out"]),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["53", "443"]),
    st.sampled_from(
        ["rdr-to 198.51.100.8", "rdr-to { 10.9.0.5 198.51.100.7 }", "nat-to 203.0.113.20", "rdr-to 172.16.15.1"]
    ),
)
_plain = st.sampled_from(
    ["pass", "pass out", "block", "block out on em0", "pass inet6 proto icmp6", "pass inet proto icmp", "pass in on bridge0"]
)  # fmt: skip
_own = st.builds(
    lambda first, then: "table <t> { 192.0.2.0/24 198.51.100.7 !192.0.2.1 172.16.15.2 }\n" + "\n".join([*first, *then, ""]),
    st.lists(st.one_of(_nat, _nat, _binat, _rdr), max_size=3),
    st.lists(st.one_of(_filters, _filters, _filters, _routes, _after, _filter6, _plain), max_size=5),
)  # fmt: skip
loads = st.one_of(_own, _own, _own, anchors)
_calls = st.sampled_from(["", " on em0", " proto tcp", " inet from 172.16.15.0/24 to any", " to <u>"])
_outsides = st.builds(
    'table <ext_ip4> {{ 203.0.113.1 }}\ntable <u> file "/nosuch/table"\n{}{}\nrdr-anchor "j/*"{}\nbinat-anchor "j/*"\nnat-anchor "j/*"{}\n{}\n{}\nanchor "j/*"{}\n'.format,
    st.sampled_from(["", "", "set skip on lo0\n", "set skip on bridge0\n", "set skip on em0\n"]),
    st.one_of(st.just(""), _nat),
    st.sampled_from(["", " on bridge0"]),
    st.sampled_from(["", " on em0"]),
    st.sampled_from(["", "block all", "block out on em0", "pass"]),
    st.one_of(st.just("pass inet6 proto icmp6"), _filters),
    _calls,
)
outsides = st.one_of(_outsides, _outsides, mains)


def _leaver(sender: str, proto: str, to: str, port: int, source_port: int) -> Sent | None:
    own = HOST if sender == "host" else JAILS[sender[5:]][0]
    fitting = [one for one in own if (":" in one) == (":" in to)]
    if not fitting:
        return None
    if proto == "icmp":
        proto, port, source_port = ("ipv6-icmp" if ":" in to else "icmp"), 0, 0
    return Sent(sender, "", proto, fitting[0], source_port, to, port)


leavers = st.builds(
    _leaver,
    st.sampled_from(["host", *(f"jail:{name}" for name in JAILS), "jail:v", "jail:a"]),
    st.sampled_from(["tcp", "tcp", "udp", "icmp"]),
    st.sampled_from([*ELSEWHERE, *ELSEWHERE, "172.16.15.2", "10.9.0.1"]),
    st.sampled_from(PORTS),
    st.sampled_from([4000, 40000]),
).filter(bool)
