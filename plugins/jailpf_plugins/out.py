"""out: what a jail may open under a host policy of `block`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.plugin import Interface, Peer, Port, Protocol, Rule, RuleType, hookimpl, key, negations, overlapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context


class Out(RuleType):
    """Lets connections of the jail out by the interfaces of its nat; without `to` not to the host itself, nor to its other jails."""

    keyword = "out"
    scope = "jail"
    makes = "pass"

    on: tuple[Interface, ...] = key(
        Interface, "The interface to leave by.", many=True, shown="those of the jail's nat, else ext_if"
    )
    to: tuple[Peer, ...] = key(Peer, "Where the jail may connect to.", many=True, shown="any")
    proto: Protocol | None = key(Protocol, "By which protocol.", shown="all")
    port: tuple[Port, ...] = key(Port, "To which ports.", many=True, shown="any")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to a protocol that has them."""
        yield from overlapping(self.port)
        yield from negations(self.to, "to")
        if self.port and not (self.proto and self.proto.has_ports):
            yield "port", 'ports need a protocol that has them; add proto = "tcp"'

    def render(self, context: Context) -> Iterable[Rule]:
        """Filtering sees the translated source (facts.md): what is translated is known by its tag, the rest by its source."""
        bridge = context.jail.interface if context.jail.vnet else None
        if context.jail.vnet and bridge is None:
            raise context.error(
                'a vnet jail sends through its bridge, which nobody knows; add interface = "bridge0" to [jail]'
            )
        for side in context.sides(to=self.to, proto=self.proto):
            what: dict[str, Any] = {
                "family": side.family,
                "proto": self.proto,
                "to": side.to,
                "port": self.port,
                "quick": True,
            }
            if bridge is not None:
                # To the host itself, and so to its other jails, this rule alone would let in: nothing goes out of em0 there.
                beyond = side.to or (Peer.parse("!(self)"),)
                yield Rule(action="pass", direction="in", on=(bridge,), source=side.jail, **{**what, "to": beyond})
            by = self.on or context.leaves
            tagged, whole = context.translated(side.family, by)
            if tagged:
                yield Rule(action="pass", direction="out", on=by, tagged=context.tag_out, **what)
            if not whole:
                yield Rule(action="pass", direction="out", on=by, source=side.jail, **what)


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """out."""
    return [Out]
