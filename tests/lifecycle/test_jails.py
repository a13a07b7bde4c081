"""jailpf.lifecycle.jails: who a jail is, and where its declaration is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest

from jailpf.compile.whole import compile_jail
from jailpf.declare.host import Host
from jailpf.declare.settings import Settings
from jailpf.declare.there import checked, valid
from jailpf.errors import (
    ConfigError,
    DeclarationError,
    NoJailError,
    PermissionDeniedError,
    PfUnavailableError,
    UsageError,
)
from jailpf.hookspecs import hookimpl
from jailpf.lifecycle.jails import Jails
from jailpf.managers.adapter import Adapter
from jailpf.model import Jail
from jailpf.registry import build
from jailpf.system.running import Running
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


def test_the_declaration_is_laid_over_what_the_manager_knows(jails: Jails) -> None:
    """Key by key: an address takes away neither the running name, the path and the inputs, nor the other family."""
    declare(jails, "web", WEB + '[jail]\nip6 = "fd00::2"\nvnet = true\ninterface = "bridge0"\n')
    found = jails.find("web", jails.services("web"))
    assert (found.addresses, found.vnet, found.interface) == ((FOUR, SIX), True, "bridge0")
    assert (found.running_name, found.path, found.inputs) == ("ioc-web", "/jails/web", ("/etc/jail.conf",))
    declare(jails, "web", WEB + '[jail]\nip4 = []\nip6 = "fd00::2"\n')
    assert jails.find("web", jails.services("web")).addresses == (SIX,)


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ('ip4 = "10.0.0.9"', "[jail] ip4 is 10.0.0.9, first says 10.0.0.2"),
        ("ip4 = []", "[jail] ip4 is none, first says 10.0.0.2"),
        ("vnet = true", "[jail] vnet is true, first says false"),
        ('ip4 = "10.0.0.2"', ""),
        ('ip6 = "fd00::2"', ""),
        ("shared = true", ""),
    ],
)
def test_what_the_manager_says_otherwise_is_noted(jails: Jails, said: str, note: str) -> None:
    """With its place, once; what only adds to it is not."""
    declare(jails, "web", f"{WEB}[jail]\n{said}\n")
    for _ in "again":
        jails.find("web", jails.services("web"))
    assert [problem.message for problem in jails.notes] == ([note] if note else [])
    assert all(problem.place and problem.place.line == 4 for problem in jails.notes)


def test_a_jail_without_a_manager_stands_alone(jails: Jails) -> None:
    """As its file says, with nothing to note."""
    declare(jails, "new", WEB + '[jail]\nip4 = "10.0.0.9"\nvnet = true\n')
    found = jails.find("new", jails.services("new"))
    assert (found.addresses, found.running_name, found.settled) == ((Address.parse("10.0.0.9"),), "new", True)
    assert (found.path, found.known_by, jails.notes) == ("", "declaration", [])


def test_an_interface_belongs_to_a_vnet_jail(jails: Jails) -> None:
    """Whoever says that it is one: the manager or the declaration."""
    declare(jails, "web", WEB + '[jail]\ninterface = "epair0a"\n')
    with pytest.raises(DeclarationError, match="web is not one") as caught:
        jails.find("web", jails.services("web"))
    assert caught.value.problems[0].place == (jails.file("web"), 4, 13)
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, vnet=True)
    assert jails.find("web", jails.services("web")).interface == "epair0a"


@pytest.mark.parametrize("card", ["bridge0", "epair0a"])
def test_a_bridge_holds_aliases_of_jails_as_any_card_does(jails: Jails, card: str) -> None:
    """`ip4.addr = "bridge0|10.0.0.2"`: the manager's word is enough, and so is an external interface of that name."""
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, interface=Interface(card))
    assert jails.find("web", jails.services("web")).interface == card
    host = Host(ext_if=(Interface(card),))
    outside = Jails(replace(jails.settings, host=host), jails.registry)
    declare(outside, "new", WEB + f'[jail]\nip4 = "10.0.0.9"\ninterface = "{card}"\n')
    assert outside.find("new", outside.services("new")).interface == card


def test_addresses_that_are_declared_are_not_asked_of_the_running_jail(jails: Jails) -> None:
    """The remedy of a host whose ifconfig(8) cannot ask a vnet jail; without them jls(8) is asked."""
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, addresses=(), vnet=True, settled=False)
    declare(jails, "web", WEB + '[jail]\nip4 = "10.0.0.9"\n')
    assert jails.find("web", jails.services("web")).settled
    declare(jails, "web", WEB)
    with pytest.raises(PfUnavailableError, match="jls"):
        jails.find("web", jails.services("web"))


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


@pytest.fixture
def root(jails: Jails, tmp_path: Path) -> Path:
    """The root of `web` as its manager knows it, with a declaration and a table file in it."""
    root = tmp_path / "roots/web"
    (root / "in").mkdir(parents=True)
    (root / "in/web.toml").write_text(WEB + '[jail]\nip4 = "10.0.0.2"\n')
    (root / "in/f.table").write_text("192.0.2.1\n")
    (tmp_path / "etc/jails").mkdir(parents=True)
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, path=str(root))
    jails.settings = replace(jails.settings, file=str(tmp_path / "etc/jailpf.toml"), pf="simulated")
    return root


@pytest.mark.parametrize("name", ["web", "db"])
def test_a_declaration_in_the_root_of_any_jail_is_that_jail_s_word(jails: Jails, root: Path, name: str) -> None:
    """By link too, whatever its [jail] says, and also for the lookup of a target."""
    (root.parent.parent / f"etc/jails/{name}.toml").symlink_to(root / "in/web.toml")
    for given in ((jails.services(name),), ()):
        with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
            jails.find(name, *given)


def test_a_way_through_a_jail_is_refused(jails: Jails, root: Path) -> None:
    """A link inside the jail leads where the jail pleases, from one moment to the next."""
    beside = root.parent / "good.toml"
    beside.write_text(WEB)
    (root / "in/out").symlink_to(beside)
    (root.parent.parent / "etc/jails/web.toml").symlink_to(root / "in/out")
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        jails.find("web", jails.services("web"))


@pytest.mark.parametrize("name", ["web", "db"])
@pytest.mark.parametrize("by", ["path", "link"])
def test_a_table_in_the_root_of_any_jail_is_that_jail_s_word(jails: Jails, root: Path, name: str, by: str) -> None:
    """Also where [jail] has all that rules need."""
    (root.parent.parent / "etc/jails/f.table").symlink_to(root / "in/f.table")
    file = str(root / "in/f.table") if by == "path" else "f.table"
    text = f'{WEB}from = "<f>"\n[table.f]\nfile = "{file}"\n[jail]\nip4 = "10.0.0.2"\n'
    (root.parent.parent / f"etc/jails/{name}.toml").write_text(text)
    services = jails.services(name)
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        compile_jail(jails.find(name, services), services, jails)


def test_the_roots_of_running_jails_count(jails: Jails, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jail that no manager knows has a root too."""
    (root.parent / "alien").mkdir()
    (root.parent / "alien/f").write_text("")
    jails.settings = replace(jails.settings, pf="pfctl")
    answer = {"alien": Running(name="alien", path=str(root.parent / "alien"))}
    monkeypatch.setattr("jailpf.system.running.running", lambda settings: answer)
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        jails.must_be_outside(str(root.parent / "alien/f"))


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


def somewhere(tmp_path: Path, what: str) -> None:
    """The folder of declarations as it is when it is away."""
    folder = tmp_path / "jails"
    folder.rename(tmp_path / "away")
    if what == "file":
        folder.write_text("")
    elif what == "link":
        folder.symlink_to(tmp_path / "nowhere")
    elif what == "loop":
        folder.symlink_to(folder)


@pytest.mark.parametrize("what", ["missing", "file", "link", "loop"])
def test_a_folder_that_is_away_is_not_jails_without_declarations(jails: Jails, tmp_path: Path, what: str) -> None:
    """A data set that is not mounted takes no jail's rules away: an error, with what to do."""
    somewhere(tmp_path, what)
    for ask in (
        jails.declared,
        lambda: jails.declares("web"),
        lambda: jails.services("web"),
        lambda: jails.find("web"),
    ):
        with pytest.raises(ConfigError, match=r"cannot be read: .*; create or mount it"):
            ask()


def test_a_file_that_is_missing_in_its_folder_is_no_declaration(jails: Jails) -> None:
    """In a folder for each jail, the folder of the jail may be missing too; a link that leads nowhere is one that is broken."""
    assert (jails.declares("web"), jails.declares("db")) == (True, False)
    jails.settings = replace(jails.settings, services="{jail}/pf.toml")
    assert not jails.declares("db")
    jails.settings = replace(jails.settings, services="none/{jail}/pf.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        jails.declares("db")
