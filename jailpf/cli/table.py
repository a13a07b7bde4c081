"""table: looking at and changing a jail's table, file and pf together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.cli import output
from jailpf.errors import JailpfError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session
    from jailpf.lifecycle.tables import Home

MANY = 10_000


def table(session: Session, options: Namespace) -> int:
    """show, add, delete, replace, reload, refresh or expire. 75 when a refresh found nobody to ask."""
    from jailpf.lifecycle import tables

    if options.action is None:
        if "refresh" not in (options.name or options.jail, options.jail if options.name is None else ""):
            raise _half(tables.names(session, options.jail), options)
        return _refresh(session, options, "" if options.name is None else options.jail, "")
    if options.action == "refresh":
        if options.addresses:
            raise UsageError("refresh takes no addresses: it fetches them")
        return _refresh(session, options, options.jail, options.name)
    home = tables.find(session, options.jail, options.name)
    if options.action in ("show", "reload") and options.addresses:
        raise UsageError(f"{options.action} takes no addresses")
    verbs = {"show": _show, "reload": _reload, "expire": _expire}
    answer = verbs.get(options.action, _change)(session, home, options)
    if options.json:
        loaded = bool(home.paths)
        output.as_json("table", jail=home.jail, table=home.name, file=home.file, loaded=loaded, **answer.data)
    else:
        print("".join(f"{line}\n" for line in answer.lines), end="")
    return 0


class _Answer(NamedTuple):
    """What a person reads, and what a program reads."""

    lines: list[str]
    data: dict[str, Any]


def _show(session: Session, home: Home, options: Namespace) -> _Answer:  # noqa: ARG001
    from jailpf.lifecycle import tables

    members = tables.show(session, home)
    return _Answer(members, {"addresses": members})


def _expire(session: Session, home: Home, options: Namespace) -> _Answer:
    from jailpf.lifecycle import tables

    words = options.addresses
    if len(words) != 1 or not re.fullmatch(r"[0-9]{1,10}", words[0]):
        raise UsageError("expire takes a number of seconds", None, f"jailpf table {home.jail} {home.name} expire 86400")
    gone = tables.expire(session, home, int(words[0]))
    where = f" in {', '.join(home.paths)}" if home.paths else _where(home)
    lines = [f"<{home.name}> of {home.jail}: {len(gone)} expired{where}"]
    kept = sum(one in gone for one in tables.declared_members(session, home))
    if kept:
        lines.append(f"`jailpf sync` will add {kept} of them again, as declared")
    return _Answer(lines, {"expired": gone, "declared": kept})


def _reload(session: Session, home: Home, options: Namespace) -> _Answer:  # noqa: ARG001
    from jailpf.lifecycle import tables

    count = tables.reload(session, home)
    said = f"<{home.name}> of {home.jail} has {count} member{'s' if count != 1 else ''}{_where(home)}"
    return _Answer([said], {"members": count})


def _change(session: Session, home: Home, options: Namespace) -> _Answer:
    """add, delete, replace."""
    from jailpf.lifecycle import tables

    action, words = options.action, options.addresses
    if not words and not (action == "replace" and options.empty):
        remedy = "use --empty to leave it empty" if action == "replace" else ""
        raise UsageError(f"{action} which addresses?", None, remedy)
    if not home.file and action == "replace" and not home.paths:
        raise UsageError(f"<{home.name}> is filled by pf, and it is not loaded")
    changed = tables.change(session, home, action, words)
    if not changed and home.file and action != "replace":
        are = "are" if len(words) > 1 else "is"
        why = f"{are} already in it" if action == "add" else f"{are} not in it"
        lines = [f"<{home.name}> of {home.jail}: nothing to do, {', '.join(words)} {why}"]
    else:
        lines = [f"<{home.name}> of {home.jail}: {changed} changed in {home.file or 'no file'}{_where(home)}"]
    covered = list(_covered(tables.declared_members(session, home), words))
    return _Answer([*lines, *covered], {"changed": changed, "notes": covered})


def _half(known: list[str], options: Namespace) -> UsageError:
    """A jail, or a jail and one word more."""
    jail, word = options.jail, options.name or ""
    if not known:
        return UsageError(f"{jail} has no tables", None, "add a [table.NAME] to its file")
    shown = f"{jail} has {', '.join(f'<{name}>' for name in known)}"
    if word in known:
        return UsageError(f"the action on <{word}> of {jail} is missing", None, f"jailpf table {jail} {word} show")
    verb = word if word in ("show", "reload", "refresh") else "show"
    return UsageError(f"the table is missing: {shown}", None, f"jailpf table {jail} {known[0]} {verb}")


def _where(home: Home) -> str:
    return f", and in {', '.join(home.paths)}" if home.paths else f"; {home.jail} is not loaded"


def _covered(members: list[str], words: list[str]) -> Iterator[str]:
    """Who is in the table all the same, by a network that holds more."""
    import ipaddress

    for word in words if len(members) <= MANY else ():
        try:
            one = ipaddress.ip_network(word)
            nets = [ipaddress.ip_network(str(each)) for each in members if not str(each).startswith("!")]
        except ValueError:
            continue
        for net in nets:
            if net != one and net.version == one.version and one.subnet_of(net):  # type: ignore[arg-type]
                yield f"{word} is part of {net}"
                break


def _refresh(session: Session, options: Namespace, jail: str, name: str) -> int:
    """Every one is tried; the status of the first failure."""
    from jailpf.lifecycle import refresh

    found: list[refresh.Fetched] = []
    failed: list[JailpfError] = []
    for one in [jail] if jail else session.jails.declared():
        try:
            found += [each for each in refresh.fetched(session, one) if name in ("", each.name)]
        except JailpfError as wrong:
            failed.append(wrong)
    if jail and not found and not failed:
        raise UsageError(f"{jail} has no table{f' {name!r}' if name else ''} with names or a url")
    rows: list[dict[str, Any]] = []
    for each in found:
        try:
            count, new = refresh.refresh(session, each)
        except JailpfError as wrong:
            failed.append(wrong)
            continue
        rows.append({"jail": each.jail, "table": each.name, "members": count, "new": new})
        if not options.json:
            print(f"<{each.name}> of {each.jail} has {count} members, {new} of them new")
    problems = [problem for wrong in failed for problem in wrong.problems]
    output.problems(problems)
    if options.json:
        output.as_json("table", refreshed=rows, errors=list(map(output.problem_json, problems)))
    return failed[0].status if failed else 0
