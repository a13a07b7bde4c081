"""table: a set of addresses that rules refer to as <NAME>."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Filename, HostName, Member, RuleType, Table, TableName, Url, hookimpl, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context


class TableType(RuleType):
    """A set of addresses and networks; it can change while the rules stay."""

    keyword = "table"
    scope = "jail"
    rank = 10  # what refers to it may look at what is in it
    makes = "table"

    addresses: tuple[Member, ...] | None = key(
        Member, 'Addresses and networks; "!" excludes one.', many=True, default=()
    )
    file: Filename | None = key(
        Filename, "A file beside this one, with one address or network per line; it may be empty."
    )
    names: tuple[HostName, ...] = key(
        HostName, "Host names; `jailpf table refresh` looks up their addresses.", many=True
    )
    url: Url | None = key(Url, "The URL of a list; `jailpf table refresh` fetches it.")
    may_be_empty: bool = key(bool, "Whether to accept an empty result of a refresh.", default=False)
    may_be_wide: bool = key(
        bool, "Whether to accept a fetched list with a network wider than /8 (IPv6: /16), or with more than half of all addresses.",
        default=False,
    )  # fmt: skip
    persist: bool = key(bool, "Whether the table stays when no rule uses it.", default=True)
    const: bool = key(bool, "Whether to forbid changes while it is loaded.", default=False)
    counters: bool = key(bool, "Whether pf counts packets for each address.", default=False)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is refreshed has a file of its own, and can change."""
        if not (self.names or self.url):
            for name in ("may_be_empty", "may_be_wide"):
                if getattr(self, name):
                    yield name, "nothing is fetched for this table; remove it"
            return
        if self.file:
            yield (
                "file",
                "the fetched list would overwrite it; put its members into `addresses`, or into another table",
            )
        if self.const:
            yield "const", "pf refuses changes of such a table, so it cannot be refreshed; remove it"

    def render(self, context: Context) -> Iterable[Table]:
        """The table itself."""
        fetched = bool(self.names or self.url)
        file = Filename(f"{context.jail.name}.{context.name}.fetched") if fetched else self.file
        members = self.addresses or ()
        # Without a list pf keeps the addresses of a table that is already there, so that `{ }` must be written.
        addresses = members if members or not file else None
        yield Table(
            name=TableName(context.name), addresses=addresses, file=file, fetched=fetched, persist=self.persist,
            const=self.const, counters=self.counters,
        )  # fmt: skip


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """table."""
    return [TableType]
