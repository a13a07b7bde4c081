"""table: looking at and changing a jail's table, file and pf together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
            raise UsageError("what is to be done with which table?", None, "jailpf table JAIL NAME show")
        return _refresh(session, "" if options.name is None else options.jail, "")
    if options.action == "refresh":
        if options.addresses:
            raise UsageError("refresh takes no addresses: it asks for them")
        return _refresh(session, options.jail, options.name)
    home = tables.find(session, options.jail, options.name)
    words = options.addresses
    if options.action in ("show", "reload") and words:
        raise UsageError(f"{options.action} takes no addresses")
    if options.action == "show":
        members = tables.show(session, home)
        if options.json:
            output.as_json(
                "table", jail=home.jail, table=home.name, file=home.file, loaded=bool(home.paths), addresses=members
            )
        else:
            print("".join(f"{member}\n" for member in members), end="")
        return 0
    if options.action == "expire":
        if len(words) != 1 or not re.fullmatch(r"[0-9]{1,10}", words[0]):
            raise UsageError(
                "expire takes a number of seconds", None, f"jailpf table {home.jail} {home.name} expire 86400"
            )
        gone = tables.expire(session, home, int(words[0]))
        where = f" in {', '.join(home.paths)}" if home.paths else _where(home)
        print(f"<{home.name}> of {home.jail}: {len(gone)} expired{where}")
        if kept := sum(one in gone for one in tables.declared_members(session, home)):
            print(f"declared all the same: {kept} of them; `jailpf sync` puts back what is declared")
        return 0
    if options.action == "reload":
        count = tables.reload(session, home)
        print(f"<{home.name}> of {home.jail} has {count} member{'s' if count != 1 else ''}{_where(home)}")
        return 0
    if not words and not (options.action == "replace" and options.empty):
        remedy = "--empty leaves nobody in it" if options.action == "replace" else ""
        raise UsageError(f"{options.action} which addresses?", None, remedy)
    if not home.file and options.action == "replace" and not home.paths:
        raise UsageError(f"<{home.name}> is filled by pf and not loaded")
    changed = tables.change(session, home, options.action, words)
    if not changed and home.file and options.action != "replace":
        verb, many = ("are", "are") if len(words) > 1 else ("is", "is")
        why = f"{verb} there already" if options.action == "add" else f"{many} not in it"
        print(f"<{home.name}> of {home.jail}: nothing to do, {', '.join(words)} {why}")
    else:
        print(f"<{home.name}> of {home.jail}: {changed} changed in {home.file or 'no file'}{_where(home)}")
    for sentence in _covered(tables.declared_members(session, home), words):
        print(sentence)
    return 0


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
                yield f"{word} is in it by {net}"
                break


def _refresh(session: Session, jail: str, name: str) -> int:
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
    for each in found:
        try:
            count, new = refresh.refresh(session, each)
            print(f"<{each.name}> of {each.jail} has {count} members, {new} of them new")
        except JailpfError as wrong:
            failed.append(wrong)
    output.problems([problem for wrong in failed for problem in wrong.problems])
    return failed[0].status if failed else 0
