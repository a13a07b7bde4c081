"""import: declarations from what another tool has kept, and a comparison of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.declare import toml
from jailpf.declare.services import read
from jailpf.errors import JailpfError, NoJailError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.importing import Imported
    from jailpf.registry import Registry


def import_rules(session: Session, options: Namespace) -> int:
    """0 when both sides are the same rules; 1 when something was lost, or differs."""
    found = list(_adapter(session, options.kind).import_(options.sources))
    if not found:
        remedy = "it has no jails here, or they publish nothing: [managers] of jailpf.toml says where it keeps them"
        raise NoJailError(f"there is nothing to import from {options.kind}", None, remedy)
    status = 0
    for one in found:
        # What could not be expressed stands in the file as a comment, and here with its place.
        output.problems(one.problems, level="yellow")
        if not set(toml.parse(one.text, one.file).data) - {"jail"}:
            print(f"{one.jail}: nothing of it can be declared, and no file is written")
            status = status or 1
            continue
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


def importers(registry: Registry) -> list[str]:
    """The adapters that can import, in use or not."""
    return [name for name in registry.adapter_names() if registry.adapter_type(name).offers("import_")]


def _adapter(session: Session, name: str) -> Adapter:
    """The adapter of that name: the one in use, else one made for this. Raises UsageError."""
    from jailpf.values.suggest import did_you_mean

    known = importers(session.registry)
    if name not in known:
        remedy = did_you_mean(name, known) or "one of " + ", ".join(known)
        what = "cannot import" if name in session.registry.adapter_names() else "is no adapter"
        raise UsageError(f"{name} {what}", None, remedy)
    used = session.jails.adapters
    if found := next((adapter for adapter in used if adapter.name == name), None):
        return found
    return session.registry.make(session.settings, [name], used)[0]


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
