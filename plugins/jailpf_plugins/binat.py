"""binat: an external address is the jail's alone, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Address, Interface, Rule, RuleType, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context


class Binat(RuleType):
    """Maps the jail's first address of a family to an external one, both ways. Services behind it say `rdr = false`."""

    keyword = "binat"
    scope = "jail"
    makes = "binat"

    address: tuple[Address, ...] = key(
        Address, "The external address. One for each family at most.", many=True, required=True
    )
    on: tuple[Interface, ...] = key(Interface, "The external interface.", many=True, shown="ext_if")

    def problems(self) -> Iterator[tuple[str, str]]:
        """One address of each family."""
        families = [one.family for one in self.address]
        if len(set(families)) < len(families):
            yield "address", "a second address of one family; declare another jail, or rdr rules"

    def render(self, context: Context) -> Iterable[Rule]:
        """One binat rule for each family that the jail and `address` share, and each interface: of a list pf takes one."""
        for address in self.address:
            own = context.jail.of(address.family)
            if not own:
                raise context.error(f"the jail has no {address.family} address for {address}", "address")
            for side in context.sides(addresses=own[:1]):
                for interface in self.on or context.host.ext_if:
                    yield Rule(
                        action="binat", on=(interface,), family=side.family, source=side.jail, tag=context.tag_out, target=address
                    )  # fmt: skip


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """binat."""
    return [Binat]
