"""Jails of jail.conf(5), in rc.d/jail's own order of files."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    ConfigError,
    Finding,
    JailConfHooks,
    Keys,
    NoJailError,
    Place,
    importing,
    jailconf,
    key,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jailpf.plugin import Address, Imported, Jail, Settings

LOADING = ("exec.prepare", "exec.prestart", "exec.created", "exec.poststart")  # in the order in which jail(8) runs them

PFRULE = r"(?:/bin/sh )?(?:\S*/)?pfrule\.sh (?:load|unload)(?: (?P<name>[^\s-]\S*))?"
"""Mail Toaster's script, which loads a jail's rules from a folder."""
_REPLACED = re.compile(r"/\* jailpf replaces: .*?\*/", re.DOTALL)
"""What `attach` made a comment of is called by nobody."""


class JailConfKeys(Keys):
    """[managers.jail_conf]."""

    file: str = key(
        AbsolutePath,
        "The jail.conf that jail(8) reads.",
        default="",
        shown='"/etc/jail.conf"; with the simulated pf `jail.conf` beside jailpf.toml',
    )


class JailConf(Adapter):
    """jail(8) with jail.conf, jail.NAME.conf and jail.conf.d/NAME.conf beside it."""

    name = "jail.conf"
    keys = JailConfKeys
    own: JailConfKeys

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        beside = os.path.join(os.path.dirname(settings.file), "jail.conf")
        self.main = self.own.file or (beside if settings.pf == "simulated" else "/etc/jail.conf")
        self.folder = os.path.dirname(self.main)
        self._read: dict[str, dict[str, jailconf.Parameters]] = {}
        self._sources: dict[str, list[str]] = {}
        self._included: bool | None = None
        self._owners: dict[str, dict[Address, int]] = {}

    def find(self, name: str) -> Jail | None:
        """The jail as jail(8) reads it; see Adapter.find. Raises ConfigError with jail(8)'s words."""
        for file in self.files(name):
            known = self.jails(file)
            for called in dict.fromkeys((name, mapped(name))):
                if called in known:
                    jail = jailconf.jail_of(name, called, known[called], file, self.name, inside=True)
                    inputs = dict.fromkeys(
                        [*self.candidates(name), *self._sources_of(file), *self._inside(known[called])]
                    )
                    return replace(jail, inputs=tuple(inputs), shared=jail.shared or self._shares(jail, file))
        return None

    def names(self) -> Iterable[str]:
        """Every jail of every file that rc.d/jail would read. One run of jail(8) for each file."""
        found: dict[str, None] = {}
        for file, own in self._all_files():
            for name in self.jails(file):
                if own in ("", mapped(name)):
                    found[name] = None
        return list(found)

    def watches(self, name: str) -> Iterable[str]:
        """The files that could hold the jail, what those that are there include, and a vnet jail's own rc.conf."""
        file = self.file_of(name)
        known = self.jails(file) if file else {}
        own = self._inside(known.get(name) or known.get(mapped(name)) or {})
        sources = (source for file in self.files(name) for source in self._sources_of(file))
        return [*self.candidates(name), *sources, *own]

    def _inside(self, parameters: jailconf.Parameters) -> list[str]:
        own = jailconf.rc_conf("".join(parameters.get("path", ()))) if "vnet" in parameters else ""
        return [own] if own else []

    def roots(self) -> Iterable[str]:
        """The `path` of every jail. One run of jail(8) for each file."""
        return ["".join(known.get("path", ())) for file, _ in self._all_files() for known in self.jails(file).values()]

    def hooks(self, jail: Jail) -> JailConfHooks | None:
        """Lines of jail(8), in the file that is read for this jail."""
        file = self.file_of(jail.name)
        return JailConfHooks(file=file, loads=PFRULE) if file else None

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """What the jails' own hook lines load with pfctl(8). Raises NoJailError for a name without any."""
        known = list(self.names())
        for name in names or known:
            file = self.file_of(name) if name in known else ""
            if not file:
                raise NoJailError(f"{self.name} has no jail {name}", None, "it has " + (", ".join(known) or "none"))
            jails = self.jails(file)
            parameters = jails.get(name) or jails[mapped(name)]
            lines = [line for hook in LOADING for line in parameters.get(hook, ())]
            found = importing.from_hooks(self, name, lines, file)
            if found is not None:
                yield found
            elif names:
                raise NoJailError(f"no hook of {name} loads rules", Place(file), "its rules are somewhere else")

    def findings(self) -> Iterable[Finding]:
        """Hooks that still call a pfrule.sh inside a folder that a jail may be able to write."""
        seen: dict[str, None] = {}
        for file, _ in self._all_files():
            seen.update(dict.fromkeys(self._sources_of(file)))
        for file in filter(os.path.isfile, seen):
            text = _REPLACED.sub(lambda found: "\n" * found[0].count("\n"), jailconf.text_of(file))
            for number, line in enumerate(text.splitlines(), 1):
                called = re.search(r"/[^\s\"';]*/pfrule\.sh", line.partition("#")[0])
                if called and "pf.conf.d/" not in called[0] and os.path.isfile(called[0]):
                    if "jailpf" not in jailconf.text_of(called[0]):
                        yield Finding(
                            "warning",
                            f"{file}:{number}: a hook calls {called[0]}, which is not part of jailpf",
                            "it loads other rules; provisioning by Mail Toaster restores its script",
                            "jailpf attach JAIL comments the line out",
                        )
                elif called and "pf.conf.d/" in called[0]:
                    yield Finding(
                        "warning",
                        f"{file}:{number}: a hook calls {line.strip()}",
                        "a script that root runs is inside a jail's folder",
                        "jailpf attach JAIL comments the line out",
                    )

    def candidates(self, name: str) -> list[str]:
        """The files that could hold the jail, there or not."""
        called = mapped(name)
        return [f"{self.folder}/jail.{called}.conf", f"{self.folder}/jail.conf.d/{called}.conf", self.main]

    def files(self, name: str) -> list[str]:
        """Those that are there and would be read, best first."""
        own, beside, main = self.candidates(name)
        found = [own, *([] if self._includes_folder() else [beside]), main]
        return [file for file in found if os.path.isfile(file)]

    def file_of(self, name: str) -> str:
        """The file to give to jail(8) for that jail, "" when none knows it."""
        return next((file for file in self.files(name) if {name, mapped(name)} & set(self.jails(file))), "")

    def jails(self, file: str) -> dict[str, jailconf.Parameters]:
        """The jails of one file; jail(8) is asked once for each file. Raises ConfigError."""
        if file not in self._read:
            if not os.path.lexists(file):
                raise ConfigError(f"{file}: no such file")
            self._read[file] = jailconf.read(self.settings, file)
        return self._read[file]

    def _includes_folder(self) -> bool:
        """rc.d/jail looks for exactly this line before it reads a file of jail.conf.d alone."""
        if self._included is None:
            folder = re.escape(f"{self.folder}/jail.conf.d/")
            found = re.search(rf"^\s*\.include\s*[\"']*{folder}", jailconf.text_of(self.main), re.MULTILINE)
            self._included = found is not None
        return self._included

    def _all_files(self) -> Iterator[tuple[str, str]]:
        """(file, "" or the one jail that it is read for)."""
        if os.path.isfile(self.main):
            yield self.main, ""
        for folder, pattern in ((self.folder, r"jail\.(.+)\.conf"), (f"{self.folder}/jail.conf.d", r"(.+)\.conf")):
            if pattern.startswith("(") and self._includes_folder():
                return
            for entry in _listed(folder):
                found = re.fullmatch(pattern, entry)
                if found and os.path.isfile(f"{folder}/{entry}"):
                    yield f"{folder}/{entry}", found[1]

    def _sources_of(self, file: str) -> list[str]:
        if file not in self._sources:
            self._sources[file] = jailconf.sources(file)
        return self._sources[file]

    def _shares(self, jail: Jail, file: str) -> bool:
        """Whether another jail of the file has one of its addresses."""
        if file not in self._owners:
            owners: dict[Address, int] = {}
            for known in self.jails(file).values():
                for address in jailconf.known_addresses(known):
                    owners[address] = owners.get(address, 0) + 1
            self._owners[file] = owners
        return any(self._owners[file].get(address, 0) > 1 for address in jail.addresses)


def mapped(name: str) -> str:
    """The name as rc.d/jail gives it to jail(8)."""
    return re.sub(r"[./]", "_", name)


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
