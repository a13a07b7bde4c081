"""The rule type `country`, on a simulated pf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.testing import SimulatedJail, Traffic

pytest_plugins = ["jailpf.testing"]

WEB = """
[service.web]
port = 80
country = { deny = ["aq", "bv"] }
"""
ZONES = {"zones/aq.zone": "192.0.2.0/24\n2001:db8:a::/48\n", "zones/bv.zone": ""}


@pytest.fixture
def plugins() -> list[str]:
    """What jailpf.toml names: the entry point, so the distribution must be installed."""
    return ["country"]


def test_a_country_is_kept_away(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """Its networks are blocked, of both families, and everybody else gets in."""
    jail(WEB, files=ZONES)
    traffic("192.0.2.7", 80).is_blocked()
    traffic("2001:db8:a::7", 80).is_blocked()
    traffic("198.51.100.7", 80).reaches("web")
    traffic("2001:db8:b::7", 80).reaches("web")


def test_a_target_is_guarded_too(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """Where rdr sends connections to another address, the country is kept away there."""
    jail("[service.other]\nport = 81\n", name="other", ip4="10.0.0.9", ip6="")
    jail(WEB + 'rdr = { target = "10.0.0.9" }\n', files=ZONES, ip6="")
    traffic("198.51.100.7", 80).reaches("other")
    traffic("192.0.2.7", 80).is_blocked()


def test_nothing_is_left(jail: Callable[..., SimulatedJail]) -> None:
    """When the jail stops its tables go with its rules."""
    web = jail(WEB, files=ZONES)
    assert set(web.anchors["jailpf/web"].tables) == {"aq_web", "bv_web"}
    assert web.stop() == []
    assert web.anchors == {}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ('{ deny = ["AQ"] }', "web.toml:3:21: 'AQ' is not a country"),
        ("{ deny = [] }", "web.toml:3:20: an empty list keeps nobody away"),
        ('{ deny = ["aq", "aq"] }', "web.toml:3:27: aq is already in the list"),
        ("{}", "web.toml:3:11: [service.web.country] has no 'deny'"),
        ("3", "web.toml:3:11: country is true, false or keys in { }"),
        ('{ deny = "xx" }', "zones/xx.zone: no such file"),
    ],
)
def test_mistakes_have_a_place(problems: Callable[..., list[str]], value: str, sentence: str) -> None:
    """Whatever is wrong is said with file, line and column."""
    found = problems(f"[service.web]\nport = 80\ncountry = {value}\n")
    assert len(found) == 1
    assert sentence in found[0]
