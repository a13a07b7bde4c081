"""jailpf.lifecycle.jails: who a jail is, and where its declaration is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from managed import FOUR, KNOWN, SIX, WEB, Manager, asked, declare

from jailpf.declare.host import Host
from jailpf.declare.there import checked, valid
from jailpf.errors import (
    DeclarationError,
    NoJailError,
    PfUnavailableError,
    UsageError,
)
from jailpf.lifecycle.jails import Jails
from jailpf.values import Address, Interface


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
