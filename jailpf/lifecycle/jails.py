"""Who a jail is: its own file first, else the first adapter that knows it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from jailpf.declare import toml
from jailpf.declare.jail_table import JailTable, jail_table
from jailpf.declare.services import read
from jailpf.declare.settings import PROGRAMS
from jailpf.declare.there import checked, declares, looking_at, valid
from jailpf.errors import (
    DeclarationError,
    JailpfError,
    NoJailError,
    Place,
    Problem,
)
from jailpf.lifecycle.said import differences, laid_over
from jailpf.managers.building import with_running
from jailpf.model import Jail
from jailpf.system import files, running
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.services import Services
    from jailpf.declare.settings import Settings
    from jailpf.declare.toml import Document
    from jailpf.registry import Registry


class Jails:
    """Reads declarations and finds jails. notes: what the user should know, short of an error."""

    def __init__(self, settings: Settings, registry: Registry, notes: list[Problem] | None = None) -> None:
        self.settings = settings
        self.notes = [] if notes is None else notes
        self.registry = registry
        self.adapters = registry.adapters(settings)
        self.asked: dict[str, str] = {}
        registry.check_exposed(settings)

    def file(self, name: str) -> str:
        """Where the declaration of a jail is. Raises UsageError for what cannot be a jail's name."""
        return self.settings.jail_file(checked(name))

    def declared(self) -> list[str]:
        """The names of all jails that have a file, sorted. Raises what `declares` raises."""
        folder, _, pattern = self.settings.jail_file("{jail}").partition("{jail}")
        if "/" in pattern or not folder.endswith("/"):
            known = {name for adapter in self.adapters for name in adapter.names()}
            return sorted(name for name in known if self.declares(name))
        with looking_at(folder):
            found = os.listdir(folder)
        return sorted(
            name[: -len(pattern)] for name in found if name.endswith(pattern) and valid(name[: -len(pattern)])
        )

    def everybody(self) -> list[str]:
        """The names of all jails: those with a file, and those that a manager has. Raises what adapters raise."""
        known = {name for adapter in self.adapters for name in adapter.names() if valid(name)}
        return sorted(known | set(self.declared()))

    @cached_property
    def neighbours(self) -> tuple[Jail, ...]:
        """All jails whose addresses can be found; what is wrong with another's file is not this jail's trouble.

        Of their files [jail] is all that is read.
        """
        found = []
        for name in self.everybody():
            with suppress(JailpfError):
                document = toml.load(self.file(name)) if self.declares(name) else None
                table = jail_table(document) if document else JailTable()
                found.append(laid_over(self._known(name, table, document), table))
        return tuple(found)

    def unknown(self, name: str, known: Iterable[str]) -> JailpfError:
        """Why a jail is not among those that were asked about: its declaration is broken, or there is none."""
        if valid(name) and self.declares(name):
            return DeclarationError(
                f"{name} is declared but left out: its declaration is broken, or its addresses are known only while it runs",
                Place(self.file(name)),
                f"`jailpf check {name}` shows the reason",
            )
        return NoJailError(f"no jail {name!r} is declared", None, did_you_mean(name, known))

    def declares(self, name: str) -> bool:
        """Whether a jail has a file; as `declares` below."""
        return declares(self.settings, name)

    def services(self, name: str) -> Services:
        """The declaration of a jail. Raises NoJailError when it has no file, DeclarationError, PermissionDeniedError."""
        file = self.file(name)
        if not self.declares(name):
            near = near_name(name, self._nameable())
            remedy = f"did you mean {near}?" if near else f"`jailpf new {name}` writes {file}"
            beside = os.path.join(os.path.dirname(self.settings.file), f"{name}.toml")
            misnamed = near and self.declares(near) and name in self._nameable() and not self._managed(near)
            if misnamed or (beside != file and os.path.isfile(beside)):
                remedy = f"mv {self.file(near) if misnamed else beside} {file}, if it is meant for {name}"
            if name.isdigit():
                remedy = "if this is a jid, use the jail's name, which jls(8) shows"
            raise NoJailError(f"nothing is declared for {name}", None, remedy)
        return read(toml.load(file), self.registry.rule_types, self.settings, self._nameable)

    def _nameable(self) -> list[str]:
        """The same, as far as the managers answer: a word is looked for among them when it is refused."""
        with suppress(JailpfError):
            return self.everybody()
        return []

    def _managed(self, name: str) -> bool:
        """Whether a jail manager knows it."""
        with suppress(JailpfError):
            return any(name in adapter.names() for adapter in self.adapters)
        return False

    def find(self, name: str, services: Services | None = None) -> Jail:
        """The jail: what its manager knows, and [jail] of its file laid over that, key by key.

        Raises NoJailError when neither its file nor an adapter knows its addresses, and what adapters raise.
        """
        if services is None and self.declares(name):
            services = self.services(name)
        table = services.jail if services else JailTable()
        known = self._known(name, table, services.document if services else None)
        jail = laid_over(known, table)
        if services is not None:
            # What its manager says is so: a bridge may hold the aliases of jails as any card does.
            told = jail.interface in (known.interface, *self.settings.host.ext_if)
            if not jail.vnet and not told and (jail.interface or "").startswith(("bridge", "epair")):
                place = services.place("jail", "interface")
                remedy = "remove `interface`, or write vnet = true if it is one"
                raise DeclarationError(f"{jail.interface} is for a vnet jail, and {name} is not one", place, remedy)
            if not jail.vnet and len(table.interface or ()) > 1:
                raise DeclarationError(
                    f"only a vnet jail has several interfaces on the host, and {name} is not one",
                    services.place("jail", "interface"),
                    "remove `interface`: its addresses are found on whatever interface has them",
                )
            self.notes += [note for note in differences(known, services) if note not in self.notes]
        return jail

    def _known(self, name: str, table: JailTable, document: Document | None) -> Jail:
        """What the first manager that knows the jail says, and jls(8) where [jail] says nothing of its addresses."""
        by, known = next(
            ((adapter.name, found) for adapter in self.adapters if (found := adapter.find(name)) is not None),
            ("", None),
        )
        self.asked[name] = by
        if document is not None:
            self.must_be_outside(document.file, known.path if known else "")
        if known is None:
            if not any(table.addresses.values()):
                asked = ", ".join(adapter.name for adapter in self.adapters)
                place = document.place(()) if document else None
                raise NoJailError(f"no jail manager knows {name} (asked: {asked})", place, self._who_then(name))
            return Jail(name=name, running_name=name)
        if not any(table.addresses.values()) and self._can_ask:
            return with_running(self.settings, known)
        return known

    @property
    def _can_ask(self) -> bool:
        """With the simulated pf no jail runs, unless [programs] names a jls to ask."""
        return self.settings.pf != "simulated" or self.settings.programs["jls"] != PROGRAMS["jls"]

    def _who_then(self, name: str) -> str:
        """What to do about a file whose jail no manager has."""
        add = 'add [jail] with ip4 = "..." or ip6 = "..."'
        with suppress(JailpfError):
            known = {one for adapter in self.adapters for one in adapter.names()}
            if not known:
                files = [list(adapter.watches(name) or ())[-1:] for adapter in self.adapters]
                looked = ", ".join(file for last in files for file in last)
                where = f" (looked for {looked})" if looked else ""
                return f"none of them has any jail here{where}: check [managers] of jailpf.toml, or {add}"
            near = near_name(name, [one for one in known if not self.declares(one)])
            if near:
                there, wanted = self.file(name), self.file(near)
                return f"did you mean {near}, which no file declares? mv {there} {wanted}"
        return add

    def watched(self) -> list[str] | None:
        """The files and folders whose change may change what was found so far, or what a manager publishes; None: no files tell."""
        found: list[str] = []
        for adapter in self.adapters:
            asked = [
                name for name, by in self.asked.items() if by in ("", adapter.name) or self._before(adapter.name, by)
            ]
            for name in asked or ([""] if adapter.offers("claims") else []):
                if (watched := adapter.watches(name)) is None:
                    return None
                found += watched
        return None if "roots" in self.__dict__ else list(dict.fromkeys(found))

    def _before(self, one: str, other: str) -> bool:
        """Whether an adapter was asked before another one answered."""
        names = [adapter.name for adapter in self.adapters]
        return other not in names or names.index(one) < names.index(other)

    def must_be_outside(self, file: str, *own: str) -> None:
        """Refuse a file in the root of any jail, or on the way through one. own: the root of the jail that it is for, if known.

        What stays below the folder of jailpf.toml can only be in a root that holds that folder or lies in it, which
        `check` and `doctor` look for; for other files every manager is asked, and jls(8). Raises PermissionDeniedError
        and what those raise.
        """
        home = os.path.realpath(os.path.dirname(self.settings.file))
        near = all(files.within(step, home) or files.within(home, step) for step in files.way(file))
        files.must_be_outside(file, own if near else (*own, *self.roots))

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The roots of all jails: those of the managers, and those that run. Raises the errors of asking."""
        found = [root for adapter in self.adapters for root in adapter.roots()]
        if self._can_ask:
            found += [jail.path for jail in running.running(self.settings).values()]
        return tuple(dict.fromkeys(found))


def near_name(name: str, known: Iterable[str]) -> str:
    """The jail that was most likely meant by a word, "" for none."""
    plain = os.path.basename(name).removesuffix(".toml")
    words = [one for one in known if one != name]
    same = [one for one in words if one.lower() == plain.lower()]
    return same[0] if same else did_you_mean(plain, words, only_near=True)
