"""jailpf.lifecycle.jails: who a jail is, and where its declaration is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest

from jailpf.declare.settings import Host, Settings
from jailpf.errors import DeclarationError, NoJailError, PermissionDeniedError, UsageError
from jailpf.hookspecs import hookimpl
from jailpf.lifecycle.jails import Jails, checked, valid
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


@pytest.fixture
def jails(tmp_path: Path) -> Jails:
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
    with open(jails.file(name), "w") as file:
        file.write(text)


def asked(jails: Jails) -> list[list[str]]:
    return [adapter.asked for adapter in jails.adapters if isinstance(adapter, Manager)]


@pytest.mark.parametrize(
    "name", ["", "*", "/", "..", ".", "a/b", "../web", "-a", "a b", "a\n", "x" * 256, "jailpf/*", "\u00e9"]
)
def test_names_that_would_address_something_else_are_no_names(jails: Jails, name: str) -> None:
    """They never become a path or an anchor."""
    assert not valid(name)
    with pytest.raises(UsageError, match="is not the name of a jail"):
        checked(name)
    with pytest.raises(UsageError):
        jails.file(name)


def test_the_first_manager_that_knows_a_jail_answers(jails: Jails) -> None:
    """In the order of the settings; the next is not asked."""
    assert jails.find("web") == KNOWN
    assert asked(jails) == [["web"], []]
    assert jails.find("db").name == "db"
    assert asked(jails) == [["web", "db"], ["db"]]


def test_addresses_of_the_declaration_win_and_nobody_is_asked(jails: Jails) -> None:
    """A file beside jailpf.toml says it all."""
    declare(jails, "web", WEB + '[jail]\nip6 = "fd00::2"\nvnet = true\ninterface = "bridge0"\n')
    found = jails.find("web", jails.services("web"))
    assert (found.addresses, found.vnet, found.interface, found.known_by) == ((SIX,), True, "bridge0", "declaration")
    assert asked(jails) == [[], []]


def test_what_the_manager_does_not_know_is_added(jails: Jails) -> None:
    """vnet, interface and shared of [jail] without addresses."""
    declare(jails, "web", WEB + "[jail]\nshared = true\nvnet = true\ninterface = 'epair0a'\n")
    found = jails.find("web", jails.services("web"))
    assert (found.addresses, found.shared, found.vnet, found.interface) == ((FOUR,), True, True, "epair0a")
    assert (found.running_name, found.inputs) == ("ioc-web", ("/etc/jail.conf",))


def test_a_jail_that_nobody_knows(jails: Jails) -> None:
    """66, with who was asked and what to write, at the jail's file."""
    declare(jails, "new", WEB)
    with pytest.raises(NoJailError, match=r"knows new \(asked: first, second\); add \[jail\]") as caught:
        jails.find("new", jails.services("new"))
    place = caught.value.problems[0].place
    assert place is not None
    assert place.file == jails.file("new")


def test_a_jail_without_a_file(jails: Jails) -> None:
    """66, and how to make one; as somebody's target it needs none."""
    with pytest.raises(NoJailError, match="nothing is declared for db; `jailpf new db`"):
        jails.services("db")
    assert jails.find("db").addresses == (FOUR,)


def test_a_target_with_a_broken_file_is_told(jails: Jails) -> None:
    """Its own place, for there it is wrong."""
    declare(jails, "db", "[service.x]\nprot = 1\n")
    with pytest.raises(DeclarationError, match=r"db\.toml:2:1"):
        jails.find("db")


def test_a_file_inside_the_jail_is_the_jail_s_word(jails: Jails, tmp_path: Path) -> None:
    """Whoever is root in there does not decide who gets in."""
    inside = replace(
        jails.settings, file=str(tmp_path / "etc/jailpf.toml"), services=str(tmp_path / "{jail}/root/pf.toml")
    )
    (tmp_path / "web/root").mkdir(parents=True)
    (tmp_path / "web/root/pf.toml").write_text(WEB + '[jail]\nip4 = "10.0.0.2"\n')
    jails.settings = inside
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, path=str(tmp_path / "web/root"))
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        jails.find("web", jails.services("web"))


def test_the_declared_jails(jails: Jails, tmp_path: Path) -> None:
    """Files in the folder whose names are those of jails, sorted."""
    for name in ("b.toml", "a.toml", ".hidden.toml", "x.toml~", "notes.txt", "parent.child.toml", "a b.toml"):
        (tmp_path / "jails" / name).write_text("")
    assert jails.declared() == ["a", "b", "parent.child", "web"]


@pytest.mark.parametrize("template", ["{jail}/pf.toml", "x-{jail}.toml"])
def test_the_declared_jails_of_another_place(jails: Jails, tmp_path: Path, template: str) -> None:
    """Where a folder cannot be listed for them, those of the managers that have a file."""
    jails.settings = replace(jails.settings, services=template)
    (tmp_path / "db").mkdir()
    (tmp_path / template.replace("{jail}", "db")).write_text(WEB)
    assert jails.declared() == ["db"]


def test_no_folder_no_jails(jails: Jails) -> None:
    """Nothing is declared yet."""
    jails.settings = replace(jails.settings, services="none/{jail}.toml")
    assert jails.declared() == []
