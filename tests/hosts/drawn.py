"""Random hosts: bridges, tunnels, groups, two uplinks, renamed loopbacks; and rules and packets that fit one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from jailpf.pf.simulated.host.interface import CLONED, Interface
from jailpf.pf.simulated.host.routes import Route
from jailpf.pf.simulated.host.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

TUNNEL = ("UP", "POINTOPOINT", "RUNNING", "MULTICAST")
NAMES = ("em0", "em1", "em2", "lo0", "lo1", "wg0", "tun0", "bridge0", "bridge1", "epair0a", "epair1a", "epair2a")
OUTSIDE = ("192.0.2.9", "192.0.2.200", "198.51.100.77", "203.0.113.77", "192.168.1.7", "192.168.9.9", "10.8.0.9")
OUTSIDE6 = ("2001:db8:9::9", "2001:db8:1::77")
EVERYBODYS = ("203.0.113.5", "203.0.113.6", "198.51.100.5", "192.168.1.1", "10.1.0.1", "10.0.0.1", "127.0.0.1")
DEFAULTS = (Route("0.0.0.0/0", "em0", "203.0.113.1", "UGS"), Route("::/0", "em0", "2001:db8:1::1", "UGS"))


class Packet(NamedTuple):
    """A question of `connect`."""

    sender: str
    proto: str
    source: str
    to: str
    port: int
    interface: str


def _card(name: str, *addresses: str, groups: tuple[str, ...] = ()) -> Interface:
    return Interface.made(name, *addresses)._replace(groups=groups)


@st.composite
def hosts(draw: Callable[[st.SearchStrategy[object]], object]) -> Topology:
    """One host, as its owner might have made it."""

    def maybe(*more: object) -> object:
        return draw(st.sampled_from([False, True, *more]))

    egress: tuple[str, ...] = ("egress",) if maybe() else ()
    wan, lan, routes = ("203.0.113.5/24", "203.0.113.6/32", "2001:db8:1::5/64"), ("192.168.1.1/24",), list(DEFAULTS)
    one: dict[str, Interface] = {
        "em0": _card("em0", *wan, groups=egress),
        "lo0": Interface.made("lo0", "::1/128", "127.0.0.1/8"),
        "lo1": Interface.made("lo1", *(("10.0.0.1/24",) if maybe() else ())),
    }
    if maybe():  # a second uplink
        one["em1"] = _card("em1", "198.51.100.5/24", groups=egress)
        routes += [Route("192.0.2.128/25", "em1", "198.51.100.1", "UGS")] if maybe() else []
    if maybe():
        one["em2"] = _card("em2", *lan, groups=("lan",))
        routes += [Route("192.168.9.0/24", "em2", "192.168.1.2", "UGS")] if maybe() else []
    if maybe():
        one["wg0"] = Interface("wg0", ("10.8.0.1/24",), CLONED["wg"], ("wg",))
    if maybe():
        one["tun0"] = Interface("tun0", ("10.9.9.1/32 --> 10.9.9.2", "fd99::1/64"), TUNNEL, ("tun",))
        routes += [Route("192.168.9.0/24", "tun0", "10.9.9.2", "UGS")] if maybe() and len(routes) == 2 else []
    if "em2" in one and maybe(False):
        one["em2"] = one["em2"]._replace(flags=("BROADCAST", "SIMPLEX", "MULTICAST"))  # down
    made = Topology(one, "em0", described=True)
    made.add_jail("web", ["10.0.0.10", "fd00::10"] if maybe() else ["10.0.0.10"], "lo1")
    made.add_jail("db", ["10.0.0.11"], "lo1")
    if maybe():
        made.add_jail("mx", ["203.0.113.20"], "em0")
    _bridged(made, maybe)
    if maybe(False, False):
        made.add_jail("ng", ["203.0.113.30"], "ng0_ng", vnet=True)  # of which nobody knows how it is connected
    made.routes = tuple(routes) if maybe(True) else ()
    made.sysctls["net.inet.ip.forwarding"] = int(bool(maybe(True, True)))
    return made


def _bridged(made: Topology, maybe: Callable[..., object]) -> None:
    """Vnet jails on one bridge or two, with a card as a member or none."""
    if not maybe(True):
        return
    members = ["epair0a", "epair1a"]
    for name in (*members, "epair2a"):
        made.interfaces[name] = Interface.made(name)._replace(groups=("epair",))
    card = ""
    if "em2" in made.interfaces and maybe():  # the LAN's card is a member, its address is the bridge's
        card = "em2"
        made.interfaces["em2"] = made.interfaces["em2"]._replace(addresses=())
    own = ("192.168.1.1/24",) if card else ("10.1.0.1/24", "fd10::1/64") if maybe(True, True) else ()
    made.interfaces["bridge0"] = Interface(
        "bridge0", own, groups=("bridge",), members=(*members, *filter(None, [card]))
    )
    first, second = (["192.168.1.50"], ["192.168.1.51"]) if card else (["10.1.0.50", "fd10::50"], ["10.1.0.51"])
    for name in ("member", "bridge"):
        made.sysctls[f"net.link.bridge.pfil_{name}"] = int(bool(maybe()))
    two = bool(maybe())
    if two:
        made.interfaces["bridge1"] = Interface("bridge1", ("10.2.0.1/24",), groups=("bridge",), members=("epair2a",))
        made.add_jail("w", ["10.2.0.60"], "epair2a", vnet=True)
    if two and maybe():  # a jail with a leg in each
        made.interfaces["bridge1"] = made.interfaces["bridge1"]._replace(members=("epair2a", "epair3a"))
        made.interfaces["epair3a"] = Interface.made("epair3a")._replace(groups=("epair",))
        made.add_jail("v", [*first, "10.2.0.50"], ["epair0a", "epair3a"], vnet=True)
    else:
        made.add_jail("v", first, "epair0a", vnet=True)
    made.add_jail("u", second, "epair1a", vnet=True)


def rules(host: Topology) -> st.SearchStrategy[str]:
    """A pf.conf for it: translations, a policy, filter rules."""
    groups = sorted({group for one in host.interfaces.values() for group in one.groups})
    names = [*host.interfaces, *groups]
    owned = [str(address) for address in host.owners() if address.family == "inet" and str(address) != "127.0.0.1"]
    on = st.sampled_from(["", "", "on em0 ", *(f"on {name} " for name in names), "on ! em0 "])
    ends = st.sampled_from(
        ["any", "any", *owned, "192.0.2.0/24", "10.0.0.0/8", "(em0)", "! 192.0.2.9", "(em0:network)"]
    )
    port = st.sampled_from(["", "port 80", "port { 80 81 }", "port > 80"])
    proto = st.sampled_from(["proto tcp ", "proto tcp ", "proto udp ", ""])
    action = st.sampled_from(
        ["pass", "pass quick", "pass in", "pass out", "block", "block in quick", "block out", "match"]
    )
    inside = st.sampled_from([one for one in owned if not one.startswith("203.0.113.5")])
    words = st.sampled_from(["", "", "", "no state", "flags any"])

    def rule(action: str, on: str, proto: str, source: str, to: str, port: str, state: str) -> str:
        port = port if proto else ""
        state = "" if not action.startswith("pass") or (state == "flags any" and "udp" in proto) else state
        return f"{action} {on}inet {proto}from {source} to {to} {port} {state}\n"

    filters = st.builds(rule, action, on, proto, ends, ends, port, words)
    others = st.sampled_from(
        ["pass inet6 all\n", "block inet6 all\n", "pass inet6 proto icmp6\n", "pass quick inet proto tcp to port 80\n"]
        + ["pass in on em1 reply-to (em1 198.51.100.1) inet proto tcp to port 80\n"] * ("em1" in host.interfaces)
    )
    rdr = st.builds(
        "rdr {}{}inet proto tcp from any to {} port 80 -> {}\n".format, st.sampled_from(["", "pass "]), on, ends, inside
    )
    nat = st.builds(
        "nat {}inet from {} to {} -> {}\n".format,
        *(on, st.sampled_from(["10.0.0.0/8", *owned]), st.sampled_from(["any", "! 10.0.0.0/8"])),
        st.sampled_from(["(em0:0)", "203.0.113.6"]),
    )
    binat = st.builds("binat on em0 inet from {} to any -> 203.0.113.6\n".format, inside)
    skips = st.sampled_from(["", "", *(f"set skip on {name}\n" for name in names)])
    policy = st.sampled_from(["", "", "block all\n", "block in all\n", "pass\n"])
    translations = st.lists(st.one_of(rdr, rdr, nat, binat), max_size=3)
    return st.builds(
        lambda skip, before, policy, after: "".join([skip, *before, policy, *after]),
        *(skips, translations, policy, st.lists(st.one_of(filters, filters, filters, others), max_size=5)),
    )


def packets(host: Topology, ways: list[str]) -> st.SearchStrategy[Packet]:
    """Questions about it. ways: by which interfaces outside comes."""
    owned = [str(address) for address in host.owners()]
    asked = [*owned, *EVERYBODYS[:3]]
    jails = [f"jail:{name}" for name in host.jails]

    def packet(who: str, proto: str, number: int, to: str, port: int, way: str) -> Packet:
        jail = host.jails.get(who.removeprefix("jail:"))
        hosts = [str(address) for address, owner in host.owners().items() if not owner.jail]
        known = list(jail.addresses) if jail else hosts if who == "host" else [*OUTSIDE, *OUTSIDE6]
        fitting = [address for address in known if (":" in address) == (":" in to)] or known
        return Packet(who, proto, fitting[number % len(fitting)], to, port, way if who == "outside" else "")

    return st.builds(
        packet,
        st.sampled_from(["outside", "outside", "outside", "host", *jails]),
        st.sampled_from(["tcp", "tcp", "udp", "icmp"]),
        st.integers(0, 20),
        st.sampled_from(asked),
        st.sampled_from([80, 81, 82]),
        st.sampled_from(ways),
    )
