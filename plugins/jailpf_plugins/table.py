"""table: a set of addresses that rules refer to as <NAME>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Filename, Member, RuleType, Table, TableName, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Context


class TableType(RuleType):
    """A set of addresses and networks; it can change while the rules stay."""

    keyword = "table"
    scope = "jail"
    makes = "table"

    addresses: tuple[Member, ...] | None = key(
        Member, 'Addresses and networks; "!" takes one out again.', many=True, default=()
    )
    file: Filename | None = key(Filename, "A file of them, one a line, beside this file; it may be empty.")
    persist: bool = key(bool, "Whether the table stays when no rule refers to it.", default=True)
    const: bool = key(bool, "Whether the table cannot be changed while it is loaded.", default=False)
    counters: bool = key(bool, "Whether pf counts packets for each address.", default=False)

    def render(self, context: Context) -> Iterable[Table]:
        """The table itself."""
        members = self.addresses or ()
        # Without a list pf keeps the addresses of a table that is already there, so that `{ }` must be written.
        addresses = members if members or not self.file else None
        yield Table(
            name=TableName(context.name),
            addresses=addresses,
            file=self.file,
            persist=self.persist,
            const=self.const,
            counters=self.counters,
        )


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """table."""
    return [TableType]
