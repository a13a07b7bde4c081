"""A host in a folder: settings, jails, plugins and a simulated pf, driven by the same code as the commands."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from jailpf.errors import JailpfError
from jailpf.hookspecs import hookimpl
from jailpf.lifecycle.session import Session
from jailpf.managers.adapter import Adapter
from jailpf.model import Jail
from jailpf.pf.simulated import Simulated
from jailpf.values import Address, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jailpf.errors import Problem
    from jailpf.pf import Loaded
    from jailpf.registry import Registry
    from jailpf.testing.traffic import Traffic

SETTINGS = """\
[host]
ext_if = "em0"
ext_ip4 = "<ext_ip4>"
ext_ip6 = "<ext_ip6>"
"""
SHOWN = "/usr/local/etc/jailpf"
"""What stands for the host's folder in every text that a test sees, so that it can be compared."""


class SimulatedHost:
    """A host below `folder`. plugins: names of entry points, or modules; pf_conf: the main ruleset, None: that of `init`.

    Every text that comes back names the host's files as if they were in /usr/local/etc/jailpf.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: str = SETTINGS,
        plugins: Iterable[object] = (),
        pf_conf: str | None = None,
    ) -> None:
        self.etc, self.run = folder / "etc", folder / "run"
        for path in (folder, self.etc, self.etc / "jails", self.run):
            path.mkdir(mode=0o755, exist_ok=True)
        plugins = list(plugins)
        self.modules = [plugin for plugin in plugins if not isinstance(plugin, str)]
        self.known: dict[str, Jail] = {}
        chosen = {
            "pf": "simulated",
            "adapters": ["testing"],
            "plugins": [plugin for plugin in plugins if isinstance(plugin, str)],
        }
        written = tomllib.loads(settings)
        added = [f"{key} = {json.dumps(value)}\n" for key, value in chosen.items() if key not in written]
        self.write("jailpf.toml", "".join(added) + settings)
        self.pf = Simulated(self.run / "simulated.json", main=pf_conf)

    def write(self, name: str, text: str) -> Path:
        """A file of the host, by its name below the settings' folder; only its owner can change it."""
        path = self.etc / name
        for folder in reversed(path.relative_to(self.etc).parents):
            (self.etc / folder).mkdir(mode=0o755, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def session(self) -> Session:
        """What the commands work with, made anew: every call reads the files again, as every command does."""
        return _Session(
            file=str(self.etc / "jailpf.toml"), run=str(self.run), modules=[_Manager(self.known), *self.modules]
        )

    def declare(
        self,
        toml: str,
        name: str = "web",
        *,
        ip4: str | Sequence[str] | None = None,
        ip6: str | Sequence[str] | None = None,
        vnet: bool = False,
        interface: str = "",
        files: Mapping[str, str] | None = None,
    ) -> SimulatedJail:
        """Write a jail's file, and make the jail known. It does not run yet.

        ip4, ip6: its addresses ("" for none); by default the next of 10.0.0.2 ... and fd00::2 ... . A [jail] in the file
        wins over them. vnet, interface: a network stack of its own behind an interface of the host. files: table
        files and the like, beside the jail's file.
        """
        number = list(self.known).index(name) if name in self.known else len(self.known)
        words = [*_words(ip4, f"10.0.0.{number + 2}"), *_words(ip6, f"fd00::{number + 2:x}")]
        self.known[name] = Jail(
            name=name,
            addresses=tuple(map(Address.parse, words)),
            vnet=vnet,
            interface=Interface.parse(interface or "bridge0") if vnet else None,
            running_name=name,
            known_by="testing",
        )
        for file, text in (files or {}).items():
            self.write(f"jails/{file}", text)
        self.write(f"jails/{name}.toml", toml)
        return SimulatedJail(self, name)

    def start(self, toml: str, name: str = "web", **what: object) -> SimulatedJail:
        """Declare a jail, as `declare` does, and start it: prestart, then created. Raises JailpfError as they do."""
        jail = self.declare(toml, name, **what)  # type: ignore[arg-type]
        jail.start()
        return jail

    def render(self, toml: str, name: str = "web", **what: object) -> str:
        """The text of the jail's anchors, as `jailpf render` prints it, once pf has checked it. Raises JailpfError."""
        self.declare(toml, name, **what)  # type: ignore[arg-type]
        from jailpf.lifecycle.prepare import prepare

        prepared = prepare(self.session(), name, created=True)
        anchors = prepared.ruleset.anchors if prepared else ()
        for anchor in anchors:
            self.pf.check(anchor.path, anchor.text)
        if len(anchors) == 1:
            return self.shown(anchors[0].text)
        return self.shown("\n".join(f"# {anchor.path}\n{anchor.text}" for anchor in anchors))

    def problems(self, toml: str, name: str = "web", **what: object) -> list[str]:
        """What `jailpf prestart` says of it: one line for each problem, beginning with the name of the file."""
        jail = self.declare(toml, name, **what)  # type: ignore[arg-type]
        from jailpf.lifecycle.prestart import prestart

        try:
            prestart(self.session(), jail.name)
        except JailpfError as wrong:
            return self.lines(wrong.problems)
        return []

    def traffic(
        self, source: str, port: int = 0, *, to: str = "", proto: str = "tcp", source_port: int = 40000
    ) -> Traffic:
        """Open a connection. source: an address outside, "host", or "jail:NAME"; to: the host's external address unless given."""
        from jailpf.testing.traffic import connect

        return connect(self, source, port, to=to, proto=proto, source_port=source_port)

    def lines(self, problems: Iterable[Problem]) -> list[str]:
        """Problems as text, with files below the jails' folder by their name alone."""
        return [str(problem).replace(f"{self.etc}/jails/", "").replace(str(self.etc), SHOWN) for problem in problems]

    def shown(self, text: str) -> str:
        """`text` with the host's folder as a test should see it."""
        return text.replace(str(self.etc), SHOWN)


@dataclass(frozen=True)
class SimulatedJail:
    """A jail of a SimulatedHost."""

    host: SimulatedHost
    name: str

    def start(self) -> None:
        """What jail(8) does before and after it creates the jail: prestart, created. Raises JailpfError as they do."""
        from jailpf.lifecycle.load import created
        from jailpf.lifecycle.prestart import prestart

        prestart(self.host.session(), self.name)
        session = self.host.session()
        jail = session.jails.find(self.name, session.jails.services(self.name))
        self.host.pf.topology.add_jail(
            self.name, map(str, jail.addresses), interface=jail.sides or jail.interface or "lo1", vnet=jail.vnet
        )
        created(session, self.name)

    def reload(self) -> None:
        """`jailpf reload`: read its file again and load what it says. Raises JailpfError."""
        from jailpf.lifecycle.load import load

        load(self.host.session(), self.name)

    def stop(self) -> list[str]:
        """What jail(8) does when the jail has stopped: poststop. The lines of what went wrong come back."""
        from jailpf.lifecycle.poststop import poststop

        session = self.host.session()
        problems = poststop(session, self.name)
        if self.host.modules:
            # What is not installed is in no record; tell it here.
            installed = session.settings.plugins
            registry = session.registry
            for name in installed:
                registry.manager.unregister(name=name)
            problems += registry.poststop(self.host.known[self.name])
        self.host.pf.topology.remove_jail(self.name)
        self.host.pf.purge()
        return self.host.lines(problems)

    @property
    def anchors(self) -> dict[str, Loaded]:
        """What pf holds for it: {path: nat, rules, tables}. Empty when nothing is left."""
        layout = self.host.session().settings.layout
        found = {path: self.host.pf.read(path) for path in layout.every(self.name)}
        return {path: loaded for path, loaded in found.items() if loaded}


@dataclass
class _Session(Session):
    modules: list[object] = field(default_factory=list)

    @cached_property
    def registry(self) -> Registry:
        from jailpf.registry import build

        registry = build(self.settings.plugins, place=lambda number: self.settings.place("plugins", number))
        for number, module in enumerate(self.modules):
            registry.add(module, getattr(module, "__name__", f"plugin {number}"))
        return registry


class _Manager:
    """The jail manager of the test: it knows what `declare` was told."""

    __name__ = "jailpf.testing"

    def __init__(self, known: Mapping[str, Jail]) -> None:
        class Testing(Adapter):
            name: ClassVar[str] = "testing"

            def find(self, name: str) -> Jail | None:
                return known.get(name)

            def names(self) -> Iterable[str]:
                return list(known)

        self.adapter = Testing

    @hookimpl
    def jailpf_adapters(self) -> Iterable[type[Adapter]]:
        """The one adapter."""
        return [self.adapter]


def _words(given: str | Sequence[str] | None, default: str) -> list[str]:
    if given is None:
        return [default]
    return [given] if isinstance(given, str) and given else list(given)
