"""What a jail manager itself publishes: the port of a jail that it redirects without jailpf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from jailpf.state.claim import Claim
from jailpf.values import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.errors import Place, Problem
    from jailpf.values import Address, Family, Port


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One port, or a range of ports, that the manager redirects to a jail.

    by: what made the rule, such as a command; text: the line as written, at `place`. on: interfaces, () for all; source,
    to: () for any; port: the external port, None if it changes at every start; jail_port: None if port is; target: None
    for the jail's first address of the family; log: with its options; passes: let in without any filter rule
    (`rdr pass`); weak: why the manager does not load the line, "" if it does.
    """

    jail: str
    by: str
    place: Place
    text: str
    proto: tuple[str, ...]
    port: Port | None
    jail_port: Port | None
    families: tuple[Family, ...] = ("inet", "inet6")
    on: tuple[str, ...] = ()
    source: tuple[Peer, ...] = ()
    to: tuple[Peer, ...] = ()
    target: Address | None = None
    log: str = ""
    passes: bool = False
    weak: str = ""

    def claims(self) -> Iterator[Claim]:
        """What that takes from others, for each family. Nothing while the port is not known."""
        if self.port is None:
            return
        owner = f"{self.by} (rdr pass: no block rule stops it)" if self.passes else self.by
        for family in self.families:
            yield Claim(
                owner=owner, service="", place=self.place, family=family, on=self.on, protos=self.proto,
                to=self.to or (Peer.parse("any"),), ports=(self.port,), source=self.source,
            )  # fmt: skip


class Unread(NamedTuple):
    """A line of a manager that cannot be read: the jail, what is wrong and where, and the line itself."""

    jail: str
    problem: Problem
    text: str
