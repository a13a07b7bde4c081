"""Jails as two managers and declarations have them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from jailpf.declare.host import Host
from jailpf.declare.settings import Settings
from jailpf.hookspecs import hookimpl
from jailpf.lifecycle.jails import Jails
from jailpf.managers.adapter import Adapter
from jailpf.model import Jail
from jailpf.registry import build
from jailpf.values import Address, Interface

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


FOUR, SIX = Address.parse("10.0.0.2"), Address.parse("fd00::2")


KNOWN = Jail(
    name="web",
    addresses=(FOUR,),
    path="/jails/web",
    running_name="ioc-web",
    known_by="first",
    inputs=("/etc/jail.conf",),
)


WEB = "[service.web]\nport = 80\n"


class Manager(Adapter):
    """Knows what `jails` holds, and remembers what it was asked."""

    jails: ClassVar[dict[str, Jail]] = {}
    asked: ClassVar[list[str]] = []

    def find(self, name: str) -> Jail | None:
        self.asked.append(name)
        return self.jails.get(name)

    def names(self) -> Iterable[str]:
        return list(self.jails)


def made(tmp_path: Path) -> Jails:
    """Two managers, `first` and `second`; the jail `web` has a file and is known to the first."""

    class First(Manager):
        name = "first"
        jails: ClassVar[dict[str, Jail]] = {"web": KNOWN}
        asked: ClassVar[list[str]] = []

    class Second(Manager):
        name = "second"
        jails: ClassVar[dict[str, Jail]] = {"web": replace(KNOWN, known_by="second"), "db": replace(KNOWN, name="db")}
        asked: ClassVar[list[str]] = []

    class Plugin:
        @hookimpl
        def jailpf_adapters(self) -> Iterable[type[Adapter]]:
            return [First, Second]

    registry = build()
    registry.add(Plugin(), "test")
    (tmp_path / "jails").mkdir()
    settings = Settings(
        file=str(tmp_path / "jailpf.toml"), adapters=("first", "second"), host=Host(ext_if=(Interface("em0"),))
    )
    found = Jails(settings, registry)
    declare(found, "web", WEB)
    return found


def declare(jails: Jails, name: str, text: str) -> None:
    """Write a declaration."""
    with open(jails.file(name), "w") as file:
        file.write(text)


def asked(jails: Jails) -> list[list[str]]:
    """What each of the managers was asked."""
    return [adapter.asked for adapter in jails.adapters if isinstance(adapter, Manager)]
