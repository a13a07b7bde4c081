"""attach and detach: find the jails, plan all changes, have them checked, write them."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.declare import toml
from jailpf.errors import ConfigError, JailpfError, NoJailError, Problem
from jailpf.managers.asking import ask, built_in
from jailpf.managers.attach.replacing import backup_of, replace
from jailpf.managers.builtin import Bastille, Iocage, JailConf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.settings import Settings
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.attach.planning import Change, Plan
    from jailpf.model import Jail


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was done for one jail, or would be. diff: unified, "" when nothing changes; done: sentences for the user."""

    jail: str
    manager: str
    file: str
    diff: str
    changed: bool
    done: tuple[str, ...]


def attach(settings: Settings, names: Iterable[str], dry_run: bool = False) -> list[Result]:
    """Write the hook lines of these jails.

    All changes are planned and checked (jail(8) reads the new text, and nothing but the hooks may differ) before the
    first file is replaced. Raises NoJailError, ConfigError or PermissionDeniedError with the problems of all jails;
    no file has changed then.
    """
    return _run(settings, names, dry_run, "attach")


def detach(settings: Settings, names: Iterable[str], dry_run: bool = False) -> list[Result]:
    """Remove the hook lines of these jails, as `attach` writes them."""
    return _run(settings, names, dry_run, "detach")


def _run(settings: Settings, names: Iterable[str], dry_run: bool, verb: str) -> list[Result]:
    from jailpf.managers.attach.iocage_plan import IocagePlan
    from jailpf.managers.attach.jailconf_plan import JailConfPlan

    adapters = built_in(settings)
    plans: dict[str, Plan] = {Iocage.name: IocagePlan(settings)}
    plans[JailConf.name] = plans[Bastille.name] = JailConfPlan(settings)
    changes, problems, kind = [], [], ConfigError
    for name in dict.fromkeys(names):
        try:
            adapter, jail = _find(adapters, name)
            jail = dataclasses.replace(jail, settled=jail.settled or _says_addresses(settings, name))
            changes.append(getattr(plans[adapter.name], verb)(adapter, jail))
        except JailpfError as wrong:
            problems += wrong.problems
            kind = type(wrong)  # type: ignore[assignment]
    if problems:
        raise kind(problems)
    for plan in dict.fromkeys(plans.values()):
        plan.verify()
    if not dry_run:
        _write(list(dict.fromkeys(plans.values())), verb)
    return [_result(change, verb, dry_run) for change in changes]


def _find(adapters: list[Adapter], name: str) -> tuple[Adapter, Jail]:
    if found := ask(adapters, name):
        return found
    asked = ", ".join(adapter.name for adapter in adapters)
    raise NoJailError(
        Problem(f"no jail manager knows {name} (asked: {asked})", None, "hooks of other managers are written by hand")
    )


def _says_addresses(settings: Settings, name: str) -> bool:
    """Whether [jail] of the declaration names the addresses, so that nothing has to wait for the running jail."""
    file = settings.jail_file(name)
    table = toml.load(file).data.get("jail", {}) if os.path.lexists(file) else {}
    return isinstance(table, dict) and bool(table.get("ip4") or table.get("ip6"))


def _write(plans: list[Plan], verb: str) -> None:
    """Replace the files. When one cannot be, those before it get their old text back."""
    written: list[tuple[str, bytes, bytes]] = []
    try:
        for plan in plans:
            for file, content in plan.contents().items():
                old = plan.originals[file]
                if content == old:
                    continue
                backup = _backed_up(file)
                replace(file, old, content)
                written.append((file, old, content))
                if verb == "detach" and backup is not None and plan.traceless(backup, content):
                    os.unlink(backup_of(file))
    except JailpfError:
        for file, old, content in reversed(written):
            replace(file, content, old)
        raise


def _backed_up(file: str) -> bytes | None:
    try:
        with open(backup_of(file), "rb") as opened:
            return opened.read()
    except OSError:
        return None


def _result(change: Change, verb: str, dry_run: bool) -> Result:
    done = list(change.notes)
    if not change.changed:
        done.append(f"{change.jail}: already {verb}ed, nothing to do")
    elif dry_run:
        done.append(f"{change.jail}: would be {verb}ed in {change.file}")
    else:
        kept = f"; the text before is in {backup_of(change.file)}" if os.path.exists(backup_of(change.file)) else ""
        done.append(f"{change.jail}: {verb}ed in {change.file}{kept}")
    return Result(
        jail=change.jail,
        manager=change.manager,
        file=change.file,
        diff=change.diff,
        changed=change.changed,
        done=tuple(done),
    )
