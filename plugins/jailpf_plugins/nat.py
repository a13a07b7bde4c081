"""nat: a jail leaves by an address of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import (
    Interface,
    Outgoing,
    Peer,
    Port,
    Protocol,
    Rule,
    RuleType,
    hookimpl,
    key,
    negations,
    overlapping,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Family


class Nat(RuleType):
    """Translates the source of what the jail sends. A jail with a [nat.*] does not get the host's default, nor one with `nat = false`."""

    keyword = "nat"
    scope = "jail"
    makes = "nat"
    default = True

    address: tuple[Outgoing, ...] = key(
        Outgoing,
        "The address to leave by; an interface's address is IPv4. One for each family at most.",
        many=True,
        shown="[host] nat, and (IF:0) where `on` names another interface",
    )
    on: tuple[Interface, ...] = key(Interface, "The interface to leave by.", many=True, shown="ext_if")
    to: tuple[Peer, ...] = key(Peer, "Only for what goes there.", many=True, shown="any")
    proto: Protocol | None = key(Protocol, "Only for this protocol.", shown="all")
    port: tuple[Port, ...] = key(Port, "Only for these ports of the other side.", many=True, shown="any")
    static_port: bool = key(bool, "Whether the source port stays as it is.", default=False)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to a protocol that has them; one address of each family."""
        yield from overlapping(self.port)
        yield from negations(self.to, "to")
        if self.port and not (self.proto and self.proto.has_ports):
            yield "port", 'ports need a protocol that has them; add proto = "tcp"'
        families = [one.family or "inet" for one in self.address]
        if len(set(families)) < len(families):
            yield (
                "address",
                "a second address of one family; connections are never dealt out between addresses",
            )

    def render(self, context: Context) -> Iterable[Rule]:
        """One nat rule for each family that the jail and `address` share, and for each address to leave by."""
        for side in context.sides(to=self.to, proto=self.proto):
            for on, addresses in self._ways(context):
                if (target := _of(addresses, side.family)) is None:
                    context.reasons.append(f"`address` has no {side.family} address")
                    continue
                yield Rule(
                    action="nat", on=on, family=side.family, proto=self.proto, source=side.jail, to=side.to,
                    port=self.port, tag=context.tag_out, target=target, static_port=self.static_port,
                )  # fmt: skip

    def _ways(self, context: Context) -> Iterator[tuple[tuple[Interface, ...], tuple[Outgoing, ...]]]:
        """(interfaces, the addresses to leave there by): the host's address belongs to the host's interfaces only."""
        on = self.on or context.host.ext_if
        if self.address:
            yield on, self.address
            return
        if ours := tuple(one for one in on if one in context.host.ext_if and (context.host.nat or not self.on)):
            if not context.host.nat:
                raise context.error("there is no address to leave by; add address = ..., or [host] nat to jailpf.toml")
            yield ours, context.host.nat
        for one in on:
            if one not in ours:
                yield (one,), (Outgoing.parse(f"({one}:0)"),)


def _of(addresses: tuple[Outgoing, ...], family: Family) -> Outgoing | None:
    return next((one for one in addresses if (one.family or "inet") == family), None)


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """nat."""
    return [Nat]
