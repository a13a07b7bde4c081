"""What else a warm hook hangs on: the host's interfaces and addresses, and the jails that name this one or are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import HOST, web

from jailpf import warm
from jailpf.lifecycle import prepare
from jailpf.system import links, spawn

if TYPE_CHECKING:
    from stand_ins.machine import Machine

IFCONFIG = """\
em0: flags=8863<UP> metric 0 mtu 1500
\tinet 203.0.113.1/24 broadcast 203.0.113.255
\tgroups: egress
lo1: flags=8049<UP> metric 0 mtu 16384
"""
NAMING = '[service.sql]\nport = 5432\nfrom = "{}"\n[jail]\nip4 = "172.16.15.20"\n'


def is_warm(machine: Machine, verb: str, jail: str = "web") -> bool:
    done = warm.hook(machine.arguments(verb, jail)[4:]) is not None
    spawn.budget = spawn.until = 0.0
    return done


class Kernel:
    """What the host has."""

    def __init__(self) -> None:
        self.links, self.addresses = {"em0", "lo1"}, {"203.0.113.1"}

    def there(self, names: list[str], addresses: list[str]) -> bool:
        """As links.there."""
        return self.links.issuperset(names) and self.addresses.issuperset(addresses)


@pytest.fixture
def kernel(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A real host, whose ifconfig(8) and kernel say the same."""
    kernel = Kernel()
    monkeypatch.setattr(links, "there", kernel.there)
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    machine.settings(host=HOST.replace('"em0"', '"egress"'), programs=("pfctl", "jls", "ifconfig"))
    return kernel


@pytest.mark.parametrize("gone", ["em0", "lo1", "203.0.113.1"])
def test_an_interface_or_address_that_goes_is_seen(machine: Machine, kernel: Kernel, gone: str) -> None:
    """Those behind a group as well; others may come and go."""
    text = '[service.http]\nport = 80\nrdr = { to = "203.0.113.1", on = "lo1" }\n[jail]\nip4 = "172.16.15.16"\n'
    machine.declare("web", text)
    machine.jailpf("prestart", "web")
    kernel.links.add("epair7a")
    assert is_warm(machine, "prestart")
    kernel.links.discard(gone)
    kernel.addresses.discard(gone)
    assert not is_warm(machine, "prestart")


def test_the_kernel_is_believed_where_it_says_the_same(machine: Machine, kernel: Kernel) -> None:
    """Where it does not know what ifconfig(8) shows, every prestart looks again."""
    machine.declare("web")
    kernel.links.clear()
    machine.jailpf("prestart", "web")
    assert not is_warm(machine, "prestart")


def test_the_kernel_is_asked_for_names_and_addresses() -> None:
    """lo and 127.0.0.1 are there; a documentation address is nobody's."""
    assert links.there([], ["127.0.0.1"])
    assert not links.there([], ["192.0.2.77"])
    assert not links.there(["no_such_link"], [])


@pytest.mark.parametrize("named", ["jail:web", "jail:w*"])
def test_a_jail_that_others_name_starts_warm_while_its_face_is_the_same(machine: Machine, named: str) -> None:
    """It has to tell them only what they do not know; then they are loaded anew."""
    machine.declare("web")
    machine.declare("db", NAMING.format(named))
    for verb in ("prestart", "created"):
        machine.jailpf(verb, "db")
    machine.jailpf("prestart", "web")
    assert is_warm(machine, "created")
    machine.jailpf("poststop", "web")
    machine.declare("web", web(ip4="172.16.15.99"))
    machine.jailpf("prestart", "web")
    assert not is_warm(machine, "created")
    machine.jailpf("created", "web")
    assert "172.16.15.99" in machine.anchors()["jailpf/db"]
    for verb in ("poststop", "prestart"):
        machine.jailpf(verb, "web")
    assert is_warm(machine, "created")


def test_a_jail_that_is_new_to_a_pattern_tells(machine: Machine) -> None:
    """Those who name all jails of a pattern do not know it yet."""
    machine.declare("db", NAMING.format("jail:w*"))
    machine.declare("wiki", web(81, "172.16.15.17"))
    for verb in ("prestart", "created"):
        machine.jailpf(verb, "db")
    machine.declare("web")
    machine.jailpf("prestart", "web")
    assert not is_warm(machine, "created")
    machine.jailpf("created", "web")
    assert "172.16.15.16" in machine.anchors()["jailpf/db"]


def test_who_names_a_jail_whose_addresses_no_file_tells_is_never_warm(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan would keep the addresses of the other's last life."""
    from jailpf.lifecycle import jails
    from jailpf.model import Jail
    from jailpf.values import Address

    find = jails.Jails.find

    def found(self: jails.Jails, name: str, services: object = None) -> Jail:
        if name == "dhcp":
            return Jail(name="dhcp", addresses=(Address.parse("172.16.15.77"),), settled=False)
        return find(self, name, services)  # type: ignore[arg-type]

    monkeypatch.setattr(jails.Jails, "find", found)
    machine.declare("web", NAMING.format("jail:dhcp"))
    machine.jailpf("prestart", "web")
    assert not is_warm(machine, "prestart")
    assert not is_warm(machine, "created")
    machine.jailpf("created", "web")
    assert "172.16.15.77" in machine.anchors()["jailpf/web"]
    assert prepare.prepare(machine.session(), "web", created=True).record.names == ("dhcp -",)  # type: ignore[union-attr]
