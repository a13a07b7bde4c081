"""binat: an external address, or a whole network of them, is the jail's alone, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Interface, Network, Peer, Rule, RuleType, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context


class Binat(RuleType):
    """Maps the jail's first address of a family, or a network, to an external one, both ways. Services behind it say `rdr = false`, and are not reached by a private address that it is not for.

    Of inet6 it is a plain exchange of the prefix: nothing is kept neutral for checksums (that would be RFC 6296).
    """

    keyword = "binat"
    scope = "jail"
    makes = "binat"

    address: tuple[Network, ...] = key(
        Network, "The external address or network, at most one for each family.", many=True, required=True
    )
    source: tuple[Network, ...] = key(
        Network,
        "The internal network, of the same size as the external one.",
        name="from",
        many=True,
        shown="the jail's first address",
    )
    on: tuple[Interface, ...] = key(Interface, "The external interface.", many=True, shown="ext_if")

    def problems(self) -> Iterator[tuple[str, str]]:
        """One address of each family, and networks of one size."""
        for name, networks in (("address", self.address), ("from", self.source)):
            families = [one.family for one in networks]
            if len(set(families)) < len(families):
                yield name, "a second address of the same family; write another [binat.NAME]"
        inside = {one.family: one for one in self.source}
        for one in self.address:
            own = inside.get(one.family)
            length = own.net.prefixlen if own else one.net.max_prefixlen
            if self.source and own is None:
                yield "from", f"there is no {one.family} network for {one}"
            elif one.net.prefixlen != length:
                yield (
                    "address",
                    f"{one} and {own or 'an address'} differ in size, but binat maps one to one; write networks of equal size",
                )

    def render(self, context: Context) -> Iterable[Rule]:
        """One binat rule for each family that the jail and `address` share, and each interface: of a list pf takes one."""
        for number, one in enumerate(self.on):
            if link := context.host.uplink(one):
                what = f"pf does not apply binat to what leaves by the uplink {link.interface}"
                remedy = f'publish with rdr = {{ on = "{one}" }}, and leave by a [nat.NAME] with on = "{one}"'
                raise context.error(f"{what}; {remedy}", f"on.{number}")
        for address in self.address:
            own = [
                Peer.of(one)
                for one in self.source or context.jail.of(address.family)[:1]
                if one.family == address.family
            ]
            if not own:
                raise context.error(f"the jail has no {address.family} address for {address}", "address")
            for interface in self.on or context.host.default_if:
                yield Rule(
                    action="binat", on=(interface,), family=address.family, source=tuple(own), tag=context.tag_out, target=address
                )  # fmt: skip


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """binat."""
    return [Binat]
