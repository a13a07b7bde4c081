"""attach and detach: find the jails, plan all changes, have them checked, write them."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.declare import toml
from jailpf.declare.foreign import foreign, owner_of
from jailpf.declare.there import declares
from jailpf.errors import ConfigError, JailpfError, NoJailError, Problem
from jailpf.managers.adapter import ask
from jailpf.managers.attach.replacing import backup_of, replace
from jailpf.managers.hooks import FileHooks, JailConfHooks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.declare.settings import Settings
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.attach.planning import Change, Plan
    from jailpf.model import Jail


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was done for one jail, or would be. diff: unified, "" when nothing changes; done: sentences for the user.

    wrong: what was wrong with its hooks before; attached: whether any line of ours was there; programs: the files that
    those run; settings: the jailpf.toml that they read; weak: what no hook of this manager can do.
    """

    jail: str
    manager: str
    file: str
    diff: str
    changed: bool
    wrong: tuple[str, ...]
    attached: bool
    programs: tuple[str, ...]
    settings: tuple[str, ...]
    weak: str
    done: tuple[str, ...]


def attach(
    adapters: Sequence[Adapter], names: Iterable[str], dry_run: bool = False, keep: bool = False
) -> list[Result]:
    """Write the hook lines of these jails, and take out those of what jailpf replaces: `pfctl -a` of the jail, and what the manager's `loads` names.

    keep: leave those; they also stay while nothing is declared for the jail.

    All changes are planned and checked (jail(8) reads the new text, and nothing but the hooks may differ) before the
    first file is replaced. Raises NoJailError, ConfigError or PermissionDeniedError with the problems of all jails;
    no file has changed then.
    """
    return _run(adapters, names, dry_run, "attach", keep)


def detach(adapters: Sequence[Adapter], names: Iterable[str], dry_run: bool = False) -> list[Result]:
    """Remove the hook lines of these jails, as `attach` writes them, and put back what it took out."""
    return _run(adapters, names, dry_run, "detach")


def _run(
    adapters: Sequence[Adapter], names: Iterable[str], dry_run: bool, verb: str, keep: bool = False
) -> list[Result]:
    plans: dict[type, Plan] = {}
    changes, problems, kind = [], [], ConfigError
    for name in dict.fromkeys(names):
        try:
            adapter, jail, hooks = _find(adapters, name, mend=verb == "attach" and not dry_run)
            form = _form(hooks, adapter.settings)
            plan = plans.setdefault(form, form(adapter.settings))
            plan.keep = keep
            with foreign(owner_of(adapter), f"hooks() for {name}"):
                change = getattr(plan, verb)(adapter.name, hooks, jail)
            change.weak = hooks.weak
            change.notes += [hooks.weak] if hooks.weak and verb == "attach" else []
            if verb == "attach" and change.changed:
                others = [file for file in change.settings if file != adapter.settings.file]
                change.notes += [f"{name}: its hook lines named another settings file, {others[0]}"] if others else []
            changes.append(change)
        except JailpfError as wrong:
            problems += wrong.problems
            kind = type(wrong)  # type: ignore[assignment]
    if problems:
        raise kind(problems)
    for plan in plans.values():
        plan.verify()
    if not dry_run:
        _write(list(plans.values()), verb)
    return [_result(change, verb, dry_run) for change in changes]


def _form(hooks: JailConfHooks | FileHooks, settings: Settings) -> type[Plan]:
    from jailpf.managers.attach.files_plan import FilesPlan
    from jailpf.managers.attach.include_plan import IncludePlan, knows_include
    from jailpf.managers.attach.jailconf_plan import JailConfPlan

    if isinstance(hooks, FileHooks):
        return FilesPlan
    return IncludePlan if hooks.alone and knows_include(settings) else JailConfPlan


def _find(adapters: Sequence[Adapter], name: str, *, mend: bool) -> tuple[Adapter, Jail, JailConfHooks | FileHooks]:
    from jailpf.managers.attach.include_plan import restore

    try:
        found = ask(adapters, name)
    except JailpfError as wrong:
        if not mend or not restore(adapters[0].settings, wrong):
            raise
        found = ask(adapters, name)
    if found is None:
        asked = ", ".join(adapter.name for adapter in adapters)
        raise NoJailError(
            Problem(
                f"no jail manager knows {name} (asked: {asked})", None, "for other managers, write the hooks by hand"
            )
        )
    adapter, jail = found
    try:
        jail = dataclasses.replace(jail, settled=jail.settled or _says_addresses(adapter.settings, name))
    except JailpfError:
        if not mend:  # to take lines away nobody has to know
            raise
    hooks = adapter.hooks(jail)
    if hooks is None:
        message = f"jailpf cannot write hook lines for {adapter.name}, which has the jail {name}"
        raise ConfigError(message, None, f"let its hooks call `jailpf prestart {name}`, `created` and `poststop`")
    return adapter, jail, hooks


def _says_addresses(settings: Settings, name: str) -> bool:
    """Whether [jail] of the declaration names the addresses, so that nothing has to wait for the running jail.

    Raises the errors of `declares` and of reading it.
    """
    table = toml.load(settings.jail_file(name)).data.get("jail", {}) if declares(settings, name) else {}
    return isinstance(table, dict) and bool(table.get("ip4") or table.get("ip6"))


def _write(plans: list[Plan], verb: str) -> None:
    """Replace the files. When one cannot be, those before it get their old text back."""
    written: list[tuple[str, bytes | None, bytes | None, int]] = []
    try:
        for plan in plans:
            for file, content in plan.contents().items():
                old = plan.originals[file]
                if content == old:
                    continue
                backup = _backed_up(file)
                mode = plan.modes.get(file, 0o644)
                replace(file, old, content, mode, file in plan.clearing)
                written.append((file, old, content, mode))
                if verb == "detach" and backup is not None and plan.traceless(backup, content):
                    os.unlink(backup_of(file))
    except JailpfError:
        for file, old, content, mode in reversed(written):
            replace(file, content, old, mode)
        raise


def _backed_up(file: str) -> bytes | None:
    try:
        with open(backup_of(file), "rb") as opened:
            return opened.read()
    except OSError:
        return None


def _result(change: Change, verb: str, dry_run: bool) -> Result:
    done = [
        *change.notes,
        *(change.taken if not dry_run else [line.replace(" is ", " would be ") for line in change.taken]),
    ]
    if not change.changed:
        done.append(f"{change.jail}: already {verb}ed")
    elif dry_run:
        done.append(f"{change.jail}: would be {verb}ed in {change.file}")
    else:
        kept = f"; backup: {backup_of(change.file)}" if os.path.exists(backup_of(change.file)) else ""
        done.append(f"{change.jail}: {verb}ed in {change.file}{kept}")
    return Result(
        jail=change.jail,
        manager=change.manager,
        file=change.file,
        diff=change.diff,
        changed=change.changed,
        wrong=change.wrong,
        attached=change.attached,
        programs=change.programs,
        settings=change.settings,
        weak=change.weak,
        done=tuple(done),
    )
