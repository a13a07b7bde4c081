"""The tests' own network: an external interface that is an epair, an outside client behind it, lo and bridge for jails.

Nothing that was there before is touched but three sysctls (forwarding, and conftest.py's net.inet.tcp.msl), which are put back. All interfaces are members of
the group `GROUP`, by which what a killed run left behind is found.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from freebsd.tools import ToolError, run, sysctl, until

if TYPE_CHECKING:
    from contextlib import ExitStack

GROUP = "jailpftest"
PREFIX = "jpt"  # of the names of all jails of the tests
CLIENT = PREFIX + "out"

EXT4, EXT6 = "203.0.113.1", "2001:db8:113::1"
CLIENT4, CLIENT6 = "203.0.113.7", "2001:db8:113::7"
OTHER4, OTHER6 = "203.0.113.8", "2001:db8:113::8"  # the client's second addresses
BRIDGE4, BRIDGE6 = "10.213.8.1", "fd13:213:8::1"
OWN = tuple(map(ipaddress.ip_network, ("203.0.113.0/24", "2001:db8:113::/64", "10.213.0.0/16", "fd13:213::/32")))


class Epair(NamedTuple):
    """near: the host's end; far: a jail's."""

    near: str
    far: str


@dataclass
class Net:
    """ext: the host's end towards the client; foreign: interfaces that are not ours; their addresses: `safe`."""

    ext: str = ""
    lo: str = ""
    bridge: str = ""
    foreign: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    ours: list[str] = field(default_factory=list)


def build(stack: ExitStack) -> Net:
    """Make it; `stack` takes it away again, also when this fails half-way. Raises ToolError."""
    sweep()
    net = bare()
    taken = [word for word in net.safe if any(ipaddress.ip_address(word) in own for own in OWN)]
    if taken:
        raise ToolError(f"the tests' own networks are in use on this host: {', '.join(taken)}")
    for name in ("net.inet.ip.forwarding", "net.inet6.ip6.forwarding"):
        change(stack, name, "1")
    net.lo, net.bridge = create(stack, net, "lo"), create(stack, net, "bridge")
    near, far = epair(stack, net)
    net.ext = near
    configure(near, [f"{EXT4}/24"], [f"{EXT6}/64"])
    stub = epair(stack, net)  # a bridge without a member has no carrier
    run("ifconfig", stub.far, "up")
    run("ifconfig", net.bridge, "addm", stub.near, "up")
    configure(net.bridge, [f"{BRIDGE4}/24"], [f"{BRIDGE6}/64"])
    configure(net.lo, [], [])
    outside(stack, far)
    return net


def bare() -> Net:
    """The host's own interfaces and addresses, and none of ours."""
    return Net(
        foreign=tuple(name for name in run("ifconfig", "-l").out.split() if name != "lo0"),
        safe=tuple(sorted(addresses(_ifconfig("", "-a")))),
    )


def outside(stack: ExitStack, far: str) -> None:
    """The client: a vnet jail with the far end, and a route to the jails' private addresses like a nosy neighbour's."""
    stack.callback(remove_jail, CLIENT)
    words = [f"name={CLIENT}", f"host.hostname={CLIENT}", "path=/", "persist", "allow.raw_sockets", "vnet"]
    run("jail", "-c", *words, f"vnet.interface={far}")
    run("jexec", CLIENT, "/sbin/ifconfig", "lo0", "127.0.0.1/8", "up")
    configure(far, [f"{CLIENT4}/24", f"{OTHER4}/32"], [f"{CLIENT6}/64", f"{OTHER6}/128"], CLIENT)
    run("jexec", CLIENT, "/sbin/route", "-q", "add", "-net", "10.213.0.0/16", EXT4)
    run("jexec", CLIENT, "/sbin/route", "-q", "-6", "add", "-net", "fd13:213::/32", EXT6)


def configure(name: str, inet: list[str], inet6: list[str], jail: str = "") -> None:
    """Give an interface its addresses, in this order, and wait until they can be used."""
    _ifconfig(jail, name, "up")
    for option in ("-rxcsum", "-txcsum", "-rxcsum6", "-txcsum6"):
        _ifconfig(jail, name, option, must=False)
    for option in ("-ifdisabled", "no_dad", "auto_linklocal"):
        _ifconfig(jail, name, "inet6", option, must=False)
    for number, word in enumerate(inet):
        _ifconfig(jail, name, "inet", word, *(["alias"] if number else []))
    for word in inet6:
        _ifconfig(jail, name, "inet6", word, "alias")
    settle(name, [word.partition("/")[0] for word in (*inet, *inet6)], jail)


def settle(name: str, wanted: list[str], jail: str = "") -> None:
    """Wait until the interface has these addresses and no other, none of them tentative.

    devd(8) may still be at work on a new interface: rc.d/netif sets `ifdisabled`, and dhclient adds 0.0.0.0.
    """
    expected = {str(ipaddress.ip_address(word)) for word in wanted}

    def ready() -> bool:
        text = _ifconfig(jail, name)
        if "IFDISABLED" in text:
            _ifconfig(jail, name, "inet6", "-ifdisabled", must=False)
        found = addresses(text)
        for stray in found - expected:
            family = "inet6" if ":" in stray else "inet"
            _ifconfig(jail, name, family, stray, "-alias", must=False)
        return found == expected and not re.search("IFDISABLED|tentative|duplicated", text)

    try:
        until(f"{name} has {', '.join(sorted(expected)) or 'no address'}", ready)
    except ToolError as wrong:
        raise ToolError(f"{wrong}\n{_ifconfig(jail, name)}") from None


def epair(stack: ExitStack, net: Net) -> Epair:
    """A new epair."""
    near = create(stack, net, "epair")
    if not re.fullmatch(r"epair\d+a", near):
        raise ToolError(f"`ifconfig epair create` made {near!r}")
    return Epair(near, near[:-1] + "b")


def create(stack: ExitStack, net: Net, kind: str) -> str:
    """A new interface. It is up from the first moment, so that devd(8) leaves it alone."""
    name = run("ifconfig", kind, "create", "up").out.split()[-1]
    stack.callback(destroy, net, name)
    net.ours.append(name)
    run("ifconfig", name, "group", GROUP)
    return name


def destroy(net: Net, name: str) -> None:
    """Take an interface away; one that is gone is fine."""
    run("ifconfig", name, "destroy", must=False)
    if name in net.ours:
        net.ours.remove(name)


def change(stack: ExitStack, name: str, value: str) -> None:
    """Set a sysctl, and put it back in the end."""
    was = sysctl(name)
    if was != value:
        stack.callback(run, "sysctl", f"{name}={was}", must=False)
        run("sysctl", f"{name}={value}")


def sweep() -> None:
    """What a killed run left behind: jails by the prefix of their names, interfaces by their group."""
    for name in run("jls", "name", must=False).out.split():
        if name.startswith(PREFIX):
            remove_jail(name)
    for name in run("ifconfig", "-g", GROUP, must=False).out.split():
        run("ifconfig", name, "destroy", must=False)


def remove_jail(name: str) -> None:
    """Remove a jail without its hooks, and wait until jls(8) knows it no more; one that is gone is fine."""
    run("jail", "-R", name, must=False)
    until(f"the jail {name} is gone", lambda: run("jls", "-j", name, "jid", must=False).status)


def addresses(text: str) -> set[str]:
    """The addresses in what ifconfig(8) says."""
    words = re.findall(r"^\s+inet6? ([0-9a-fA-F.:]+)", text, re.MULTILINE)
    found = [ipaddress.ip_address(word) for word in words]
    return {str(one) for one in found if not one.is_loopback and not (one.version == 6 and one.is_link_local)}


def _ifconfig(jail: str, *words: str, must: bool = True) -> str:
    if jail:
        return run("jexec", jail, "/sbin/ifconfig", *words, must=must).out
    return run("ifconfig", *words, must=must).out
