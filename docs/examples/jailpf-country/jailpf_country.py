"""country: whole countries are kept away from a service.

    [service.http]
    port    = 443
    country = { deny = ["aq", "bv"] }

The lists of networks are files like `zones/aq.zone` beside the jail's file, one network a line. They can be renewed
without touching the rules: `jailpf table JAIL aq_http reload`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.plugin import Address, Filename, Peer, Rule, RuleType, Table, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context


class Code(str):
    """A country by its two letters (ISO 3166-1)."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Code:
        """Make the code. Raises ValueError."""
        if not isinstance(raw, str) or not re.fullmatch("[a-z]{2}", raw):
            raise ValueError(f'{raw!r} is not a country; write its two small letters: "aq"')
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Two letters."""
        return {"type": "string", "pattern": "^[a-z]{2}$"}


class Country(RuleType):
    """Keeps connections from whole countries away from the service."""

    keyword = "country"
    rank = 50

    deny: tuple[Code, ...] = key(Code, "The countries, by their two letters.", many=True, required=True)
    folder: Filename = key(
        Filename, "Where the lists CODE.zone are, beside the jail's file.", default=Filename("zones"), shown='"zones"'
    )
    log: bool = key(bool, "Whether pf logs what is kept away.", default=False)

    def problems(self) -> Iterator[tuple[str, str]]:
        """At least one country, each once."""
        if not self.deny:
            yield "deny", "an empty list keeps nobody away; name a country, or leave `country` out"
        for number, code in enumerate(self.deny):
            if code in self.deny[:number]:
                yield f"deny.{number}", f"{code} is already in the list"

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """A table for each country, and for each family a block rule that stands above the pass rules."""
        service = context.service
        assert service is not None  # the scope is "service"
        tables = [
            Table(name=context.table_name(code), file=Filename(f"{self.folder}/{code}.zone")) for code in self.deny
        ]
        yield from tables
        # What is redirected may arrive at another jail's address (the key `target` of rdr).
        targets = [one.target for one in context.rendered if isinstance(one, Rule)]
        inside = dict.fromkeys([*context.jail.addresses, *(one for one in targets if isinstance(one, Address))])
        for side in context.sides(proto=service.proto, addresses=tuple(inside)):
            yield Rule(
                action="block",
                direction="in",
                log=self.log,
                quick=True,
                family=side.family,
                proto=service.proto,
                source=tuple(Peer.parse(f"<{table.name}>") for table in tables),
                to=side.jail,
                port=service.port,
            )


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """country."""
    return [Country]
