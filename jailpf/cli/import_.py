"""import: declarations from what another tool has kept, and a comparison of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.declare import toml
from jailpf.declare.services import read
from jailpf.errors import JailpfError, NoJailError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session
    from jailpf.managers.importing import Imported


def import_rules(session: Session, options: Namespace) -> int:
    """0 when both sides are the same rules; 1 when something was lost, or differs."""
    from jailpf.managers import importing as importers

    found: list[Imported] = getattr(importers, options.kind)(session.settings, options.sources)
    if not found:
        raise NoJailError(f"there is nothing to import from {options.kind}")
    status = 0
    for one in found:
        # What could not be expressed stands in the file as a comment, and here with its place.
        output.problems(one.problems, level="yellow")
        if options.dry_run:
            output.problems(one.warnings, level="yellow")
            print(f"# {one.file}\n{one.text}")
            for copy in one.copies:
                print(f"# {copy.target}\n{copy.content}")
        else:
            for sentence in one.write():
                print(sentence)
        same = _compare(session, one)
        status = status or int(bool(one.problems) or not same)
    return status


def _compare(session: Session, one: Imported) -> bool:
    """Whether the declaration renders to the rules it was made of (order, labels and tags aside)."""
    from jailpf.managers.importing import differences

    try:
        after = _rendered(session, one)
    except JailpfError as wrong:
        output.problems(wrong.problems, level="yellow")
        print(f"{one.jail}: could not be compared with the rules it was made of")
        return False
    if not one.before:
        print(f"{one.jail}: there are no rules to compare with")
        return True
    found = differences(one.before, after)
    for difference in found:
        print(f"{one.jail}: {difference}")
    if not found:
        print(f"{one.jail}: the same rules, once expanded")
    return all(difference.side == "narrower" for difference in found)


def _rendered(session: Session, one: Imported) -> str:
    """What the declaration's text would load. Table files that are not written yet are taken as they will be."""
    from jailpf.compile.whole import compile_jail

    document = toml.parse(one.text, one.file)
    services = read(document, session.registry.rule_types, session.settings)
    jail = session.jails.find(one.jail, services)
    if not jail.addresses:
        raise NoJailError(f"the addresses of {one.jail} are known only when it runs", None, "add ip4 to [jail]")
    ruleset = compile_jail(jail, services, session.jails, unwritten=[copy.target for copy in one.copies])
    return "".join(anchor.text for anchor in ruleset.anchors)
