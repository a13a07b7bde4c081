"""The last step of every import: drafts, tables and losses as one Imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem
from jailpf.managers.adapter import ask
from jailpf.managers.imported import Imported
from jailpf.managers.importing.assembly import without_comments_of
from jailpf.managers.importing.writing import declaration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.settings import Settings
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.imported import Copy, Whole
    from jailpf.managers.importing.assembly import Assembly
    from jailpf.managers.importing.drafts import OtherDraft


def own_addresses(adapter: Adapter, name: str) -> tuple[dict[str, list[str]], list[Problem]]:
    """A jail's addresses by family as its manager knows them, {} when none does; and what went wrong in asking."""
    try:
        known = ask(adapter.adapters, name)
    except JailpfError as wrong:
        return {}, wrong.problems
    if known is None or not known[1].settled or not known[1].addresses:
        return {}, []
    jail = known[1]
    return {family: [str(address) for address in jail.of(family)] for family in ("inet", "inet6")}, []


def finished(
    settings: Settings,
    name: str,
    assembly: Assembly,
    *,
    heading: Iterable[str],
    write_own: bool,
    tables: Iterable[OtherDraft] = (),
    copies: Iterable[Copy] = (),
    before: str = "",
    warnings: Iterable[Problem] = (),
    whole: Whole | None = None,
) -> Imported:
    """The whole."""
    tables = list(tables)
    services = without_comments_of(assembly.services, set())
    text = declaration(heading, services, [*assembly.others, *tables], assembly.context.own, write_own, assembly.lost)
    return Imported(
        jail=name,
        file=settings.jail_file(name),
        text=text,
        problems=tuple(problem for problem, _ in assembly.lost),
        warnings=(*warnings, *assembly.context.warnings),
        copies=tuple(copies),
        before=before,
        whole=whole,
        refused=tuple(_unguarded(assembly, tables)),
    )


def _unguarded(assembly: Assembly, tables: Iterable[OtherDraft]) -> Iterator[Problem]:
    """Tables without their file that keep somebody out: empty, they would keep out nobody."""
    denying = [str(other.keys) for other in assembly.others if other.keyword == "deny"]
    letting = [str((one.source, one.to, one.allow)) for one in assembly.services]
    letting += [str(other.keys) for other in assembly.others if other.keyword != "deny"]
    excepting = {f"<{table.name}>" for table in tables if table.keys.get("addresses")}  # from the addresses beside it
    for word, problem in assembly.context.absent.items():
        if any(word in text for text in denying) or any(f"!{word}" in text for text in letting) or word in excepting:
            what = (
                f"{problem.message} does not exist, and {word} keeps somebody out; an empty table would keep out nobody"
            )
            yield Problem(what, problem.place, "create the file, then import again")
