"""jailpf.declare.layout: names become paths, labels and tags that pf takes, each jail its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.declare.layout import LAYOUTS, Layout
from jailpf.model import SECTIONS
from jailpf.pf.simulated import Simulated
from jailpf.values import JailName, Name
from jailpf.values.anchors import LIMIT, component, jail_label, service_label, tag

SPLIT, SINGLE, BASTILLE = (Layout(name, LAYOUTS[name]) for name in ("split", "single", "bastille"))
LETTERS = "abAB019_.:+@-"
JAILS = st.text(LETTERS, min_size=1, max_size=80).filter(lambda name: re.fullmatch(JailName.pattern, name) is not None)
SERVICES = st.from_regex(Name.pattern, fullmatch=True)
PF = Simulated()


@given(JAILS, SERVICES)
def test_names_fit(jail: str, service: str) -> None:
    """Whatever the names, paths, labels and tags have 63 bytes at most, no `$`, and pf takes them."""
    words = [jail_label(jail), service_label(jail, service), tag("in", jail), tag("out", jail)]
    for layout in (SPLIT, SINGLE, BASTILLE, Layout("own", {"rdr": "x" * 33 + "/{jail}"})):
        for section in SECTIONS:
            path = layout.path(section, jail)
            assert len(path) <= LIMIT
            if path:
                assert re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_.-]*/)+[A-Za-z0-9][A-Za-z0-9_.-]*", path)
                PF.check(path, "pass\n")
    for word in words:
        assert len(word) <= LIMIT
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", word)


@given(st.lists(JAILS, unique=True, max_size=6), st.lists(SERVICES, unique=True, max_size=4))
def test_names_stay_apart(jails: list[str], services: list[str]) -> None:
    """Two jails never share a path, a label or a tag, nor two services a label."""
    for make in (jail_label, lambda jail: tag("in", jail), lambda jail: SPLIT.path("nat", jail)):
        assert len({make(jail) for jail in jails}) == len(jails)
    labels = [service_label(jail, service) for jail in jails for service in services]
    assert len(set(labels)) == len(labels)
    assert not set(labels) & {jail_label(jail) for jail in jails}


@pytest.mark.parametrize(
    "name", ["a" * 57, "_hidden", "a:b", "user@host", "a+b", ".hidden", "web-h12345678", "é", "a b", "*", "..", ""]
)
def test_what_pf_cannot_take_becomes_a_stable_short_form(name: str) -> None:
    """Too long, hidden, or with other characters; also a name that looks like a short form."""
    short = component(name, 56)
    assert short == component(name, 56)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*-h[0-9a-f]{8}", short)
    assert len(short) <= 56
    assert component(short, 56) != short


def test_what_pf_takes_stays_as_it_is() -> None:
    """The usual names are what an administrator reads."""
    for name in ("web", "parent.child", "a_b-c", "1", "a" * 56):
        assert component(name, 56) == name
    assert SINGLE.path("rdr", "web") == "jailpf/web"
    assert service_label("web", "http") == "jailpf/web/http"
    assert (tag("in", "web"), tag("out", "web")) == ("jailpf.in/web", "jailpf.out/web")


def test_a_short_form_does_not_depend_on_the_version() -> None:
    """What one version loaded, the next one finds."""
    assert component("_web", 56) == "web-h64dd9201"


def test_what_lets_in_is_loaded_before_what_redirects() -> None:
    """Nothing is redirected while the filter rules are not there."""
    assert SPLIT.in_load_order("web") == [
        ("filter/web", ["filter"]),
        ("nat/web", ["nat"]),
        ("binat/web", ["binat"]),
        ("rdr/web", ["rdr"]),
    ]
    assert SINGLE.in_load_order("web") == [("jailpf/web", ["filter", "nat", "binat", "rdr"])]
    assert BASTILLE.in_load_order("web") == [("bastille/jailpf.web", ["filter"]), ("rdr/jailpf.web", ["rdr"])]


def test_the_folders_for_pf_conf() -> None:
    """One line of pf.conf for each section that has a place."""
    assert BASTILLE.parents == [("rdr", "rdr"), ("filter", "bastille")]
    assert SINGLE.parents == [(section, "jailpf") for section in SECTIONS]


def test_a_section_without_a_template_has_no_place() -> None:
    """Bastille's pf.conf has none for nat and binat."""
    assert BASTILLE.path("nat", "web") == ""
