"""The host around a jail: its other jails, and where packets between them are seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.declare.lists import everywhere
from jailpf.declare.ways import LOOPBACKS, RenderError, Way
from jailpf.errors import NoJailError
from jailpf.values import Interface, Network, Peer
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.declare.host import Host
    from jailpf.model import Jail


@dataclass(kw_only=True)
class Around:
    """A jail, its host, and whom to ask about others.

    lookup: a jail by name; everybody: the names of all jails; neighbours: those whose addresses are known.
    """

    jail: Jail
    host: Host
    lookup: Callable[[str], Jail] | None = None
    everybody: Callable[[], Iterable[str]] = tuple
    neighbours: Callable[[], Iterable[Jail]] = tuple

    def error(self, message: str, key: str = "") -> RenderError:
        """An error to raise because the declaration cannot become rules. `key` gives the place."""
        return RenderError(message, key)

    def find_jail(self, name: str, key: str = "") -> Jail:
        """Another jail by name; `key` is the key that names it. Raises RenderError if it is not known."""
        if self.lookup is None:
            raise self.error(f"no adapter can look up the jail {name!r}", key)
        try:
            return self.lookup(name)
        except NoJailError as wrong:
            near = did_you_mean(name, (one for one in self.everybody() if one != self.jail.name), only_near=True)
            remedy = f'did you mean "{near}"?' if near else "write an address instead"
            raise self.error(f"{wrong.problems[0].message}; {remedy}", key) from None

    def find_jails(self, pattern: str, key: str = "") -> tuple[Jail, ...]:
        """The jails of a name or pattern, without this one. Raises RenderError if there are none."""
        if not re.search(r"[*?]", pattern):
            return (self.find_jail(pattern, key),)
        from fnmatch import fnmatchcase

        names = [name for name in self.everybody() if fnmatchcase(name, pattern) and name != self.jail.name]
        if not names:
            others = [name for name in self.everybody() if name != self.jail.name]
            remedy = (
                f"there are {', '.join(others[:12])}" + " ..." * (len(others) > 12) if others else "there is no other"
            )
            raise self.error(f"no jail is called {pattern!r}; {remedy}", key)
        return tuple(self.find_jail(name, key) for name in names)

    def way(self, sender: Jail, target: Jail) -> Way:
        """Where pf sees packets from one jail to another. Raises RenderError for a bridge that is not known."""
        if not sender.vnet and not target.vnet:
            return Way(LOOPBACKS)
        bridges = tuple(dict.fromkeys(side for one in (sender, target) if one.vnet for side in self.bridges(one)))
        if sender.vnet and target.vnet:
            return Way(bridges)
        return Way(bridges, "in" if sender.vnet else "out")

    def from_host(self, family: str, key: str = "") -> tuple[Way, tuple[Peer, ...]]:
        """Where what the host sends to this jail is seen, and from which addresses: to a jail of its own stack it sends from the
        address that it asks, to a vnet jail from the bridge's (facts-2.md). Raises RenderError where `key` asks for the host as a receiver.
        """
        if key:
            card = next(iter(self.host.ext_if), "em0")
            raise self.error(f'"host" can only be a sender; write the address to reach: "({card}:0)", or another', key)
        if self.jail.vnet:
            bridges = self.bridges(self.jail)
            return Way(bridges, "out"), tuple(Peer.parse(f"({one})") for one in bridges)
        return Way(LOOPBACKS), tuple(map(Peer.of, self.jail.of(family)))

    def near(self, to: tuple[Peer, ...], *, outside: bool = False) -> Iterator[tuple[tuple[Peer, ...], Way | None]]:
        """Destinations by the interfaces where what this jail sends there is seen; None: where it leaves for outside.

        An address that nobody is known to have may be the host's, or outside; outside: it is meant there.
        """
        found: dict[Way | None, list[Peer]] = {}
        nobody = everywhere(to)
        for peer in to:
            # Everywhere is where outside is: nobody means the host and his neighbours by it.
            for way in self._near(peer, outside) if peer not in nobody else (None,):
                found.setdefault(way, []).append(peer)
        yield from ((tuple(peers), way) for way, peers in found.items())

    def _near(self, peer: Peer, outside: bool) -> list[Way | None]:
        """In an order that is always the same: the text of the rules is compared."""
        host = Way(self.bridges(self.jail), "in") if self.jail.vnet else Way(LOOPBACKS)
        if peer.interface:
            if ":network" not in peer.word or peer.interface.startswith("lo"):
                return [host]
            beyond = peer.interface in self.host.ext_if or self.host.uplink(peer.interface)
            return [None if beyond else Way((Interface(peer.interface),), "out")]
        network = None if peer.negated else peer.network
        if network is None:
            return [None]
        links = [one for link in self.host.uplinks.values() for one in link.outside(network.family)]
        ways: list[Way | None] = []
        if any(one.network and one.network.within(network) for one in (*self.host.outside(network.family), *links)):
            ways.append(host)
        ways += [
            self.way(self.jail, other)
            for other in self.neighbours()
            if other.name != self.jail.name and any(Network.parse(str(one)).within(network) for one in other.addresses)
        ]
        unknown = network.net.num_addresses == 1 and not ways
        if unknown and not outside:
            ways.append(host)  # nobody says which addresses the host has; what is not its own is never seen there
        if unknown or network.net.num_addresses > 1:
            ways.append(None)
        return list(dict.fromkeys(ways))

    def bridge(self, jail: Jail) -> Interface:
        """The host's side of a vnet jail, the first of several. Raises RenderError when nobody knows it."""
        if jail.interface is None:
            raise self.error(
                f'the vnet jail {jail.name} is behind a bridge that is not known; add interface = "bridge0" to its [jail]'
            )
        return jail.interface

    def bridges(self, jail: Jail) -> tuple[Interface, ...]:
        """All of the host's sides of a vnet jail. Raises RenderError when nobody knows any."""
        return jail.sides or (self.bridge(jail),)
