"""The addresses of vnet jails, where their rc.conf sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.managers.building import jail_of
from jailpf.managers.rcconf import configured_in, rc_conf

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "web/etc").mkdir(parents=True)
    return tmp_path / "web"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('ifconfig_epair0b="inet 10.1.0.10/24"\n', ["10.1.0.10"]),
        ('ifconfig_e0b_web="10.1.0.10 netmask 255.255.255.0"\n', ["10.1.0.10"]),
        ('ifconfig_vnet0="inet 10.1.0.10/24"\nifconfig_vnet0_ipv6="inet6 fd10::10/64"\n', ["10.1.0.10", "fd10::10"]),
        ('ifconfig_vnet0="inet 10.1.0.10/24"\nifconfig_vnet0_alias0="inet 10.1.0.11/32"\n', ["10.1.0.10", "10.1.0.11"]),
        ('ifconfig_e0b_aliases="inet 10.1.0.12/32 inet6 fd10::12"\n', ["10.1.0.12", "fd10::12"]),
        ('ifconfig_vnet0="SYNCDHCP"\nifconfig_vnet0_alias0="inet 10.1.0.11/32"\n', []),
        ('ifconfig_vnet0="inet 10.1.0.5-8/24"\n', []),
        ('ifconfig_vnet0_ipv6="inet6 fe80::1/64"\n', []),
        ('ifconfig_lo0="inet 10.9.9.9/32"\nhostname="10.1.0.10"\ndefaultrouter="10.1.0.1"\n', []),
        ("", []),
    ],
)
def test_rc_conf_names_a_vnet_jails_addresses(root: Path, text: str, found: list[str]) -> None:
    """All of them or none: what a DHCP server or a range gives, only the running jail can tell."""
    (root / "etc/rc.conf").write_text(text)
    assert list(map(str, configured_in(str(root)))) == found
    parameters = {"vnet": (), "path": (str(root),), "exec.start": ("/bin/sh /etc/rc",)}
    jail = jail_of("web", "web", parameters, "", "", inside=True)
    assert (list(map(str, jail.addresses)), jail.settled) == (found, bool(found))
    assert not jail_of("web", "web", {**parameters, "exec.start": ("sleep 1",)}, "", "", inside=True).addresses
    assert not jail_of("web", "web", parameters, "", "").addresses


def test_only_a_file_of_the_jails_own_that_root_holds(root: Path, tmp_path: Path) -> None:
    """No link out of the jail's root, no file that somebody else could have written, no root at all."""
    (tmp_path / "other").write_text('ifconfig_vnet0="inet 10.1.0.10/24"\n')
    (root / "etc/rc.conf").symlink_to(tmp_path / "other")
    assert configured_in(str(root)) == ()
    (root / "etc/rc.conf").unlink()
    (root / "etc/rc.conf").write_text('ifconfig_vnet0="inet 10.1.0.10/24"\n')
    (root / "etc/rc.conf").chmod(0o666)
    assert configured_in(str(root)) == ()
    assert (configured_in(""), configured_in("/"), rc_conf("/")) == ((), (), "")
