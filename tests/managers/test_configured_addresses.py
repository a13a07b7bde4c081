"""The addresses of vnet jails, where their own commands set them."""

from __future__ import annotations

import pytest

from jailpf.managers.building import configured, jail_of


@pytest.mark.parametrize(
    ("parameter", "line", "found"),
    [
        ("exec.start", "/sbin/ifconfig epair0b 10.1.0.10/24 up", ["10.1.0.10"]),
        ("exec.start", "ifconfig epair0b inet 10.1.0.10 netmask 255.255.255.0", ["10.1.0.10"]),
        (
            "exec.start",
            "ifconfig e0b_web inet6 fd10::10/64 && ifconfig e0b_web inet 10.1.0.10/24;",
            ["fd10::10", "10.1.0.10"],
        ),
        ("exec.start", "ifconfig vnet0.3 inet alias 10.1.0.11/32", ["10.1.0.11"]),
        ("exec.poststart", "jexec web ifconfig epair0b 10.1.0.10/24", ["10.1.0.10"]),
        ("exec.created", "/sbin/ifconfig -j web epair0b 10.1.0.10/24", ["10.1.0.10"]),
        ("exec.prestart", "ifconfig bridge0 inet 10.1.0.1/24", []),
        ("exec.start", "ifconfig lo0 127.0.0.1/8", []),
        ("exec.start", "ifconfig epair0b inet6 fe80::1/64", []),
        ("exec.start", "dhclient epair0b", []),
        ("exec.start", "ifconfig epair0b up", []),
        ("exec.start", "route add default 10.1.0.1", []),
    ],
)
def test_commands_that_configure_a_jail_name_its_addresses(parameter: str, line: str, found: list[str]) -> None:
    """Of its own commands, or of the host's for it; not what the host gives to itself, nor a loopback's."""
    parameters = {"vnet": (), parameter: (line,)}
    assert list(map(str, configured(parameters))) == found
    jail = jail_of("web", "web", parameters, "/etc/jail.conf", "jail.conf")
    assert (list(map(str, jail.addresses)), jail.settled) == (found, bool(found))


def test_what_the_parameters_say_comes_first() -> None:
    """ip4.addr of a vnet jail, where it is given."""
    parameters = {"vnet": (), "ip4.addr": ("10.1.0.9",), "exec.start": ("ifconfig epair0b 10.1.0.10/24",)}
    assert list(map(str, jail_of("web", "web", parameters, "", "").addresses)) == ["10.1.0.9"]
