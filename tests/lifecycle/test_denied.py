"""A deny that another jail's rules stand above is told, and one that holds is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.lifecycle.denied import beaten
from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'
WEB = "[service.a]\nport = 80\n"
CASES = {
    "out": (WEB + 'from = "jail:ok"\n[deny.x]\nfrom = "jail:OTHER"\n', '[out.a]\nto = "jail:web"\n', "jail:OTHER", ""),
    "from": ('[deny.x]\nto = "jail:OTHER"\n', WEB + 'from = "jail:web"\n', "jail:web", "10.0.0.9"),
    "rdr": ('[deny.x]\nfrom = "192.0.2.0/24"\n', WEB + 'rdr.target = "web"\n', "192.0.2.7", "203.0.113.1"),
}


def _host(folder: Path, mine: str, theirs: str, name: str, *, starts: bool = True) -> SimulatedHost:
    host = SimulatedHost(folder / "host", settings=HOST)
    jails = {"ok": ("# nothing\n", "10.0.0.5"), "web": (mine, "10.0.0.2"), name: (theirs, "10.0.0.9")}
    for start in (False, True)[: 1 + starts]:
        for jail, (text, address) in jails.items():
            do = host.start if start else host.declare
            do(text.replace("OTHER", name), jail, ip4=address, ip6="")
    return host


def _told(host: SimulatedHost, *jails: str) -> list[str]:
    session = host.session()
    prepared = [one for jail in jails if (one := prepare(session, jail, created=False))]
    return host.lines(beaten(session, prepared))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["abad", "zbad"])
def test_a_deny_is_told_exactly_where_it_does_not_hold(tmp_path: Path, case: str, name: str) -> None:
    """By traffic: reached where the other's name comes first, and that is told; blocked else, and nothing is."""
    mine, theirs, source, to = CASES[case]
    host = _host(tmp_path, mine, theirs, name)
    first = name < "web"
    assert bool(host.traffic(source.replace("OTHER", name), 80, to=to or "10.0.0.2")) is first
    told = _told(host, "web")
    assert bool(told) is first, told
    if first:
        assert told[0].startswith("web.toml:")
        assert "deny.x does not hold for what abad lets through" in told[0]
        more = {"out": '[deny.y]\nto = "jail:web"\n', "from": '[deny.y]\nfrom = "jail:web"\n'}.get(case, mine)
        host.start(theirs + more, name, ip4="10.0.0.9", ip6="")
        host.traffic(source.replace("OTHER", name), 80, to=to or "10.0.0.2", source_port=41000).is_blocked()
        assert _told(host, "web") == []


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ('[deny.x]\nfrom = "jail:aaa"\n', "[out.all]\n"),
        ('[deny.x]\nfrom = "192.0.2.0/24"\n', WEB),
        ('[deny.x]\nto = "jail:aaa"\n', WEB + "rdr = false\n"),
        ("[deny.x]\nport = 25\n", "[out.all]\n[service.smtp]\nport = 25\n"),
        ('[deny.x]\nfrom = "192.0.2.0/24"\nport = 81\n', WEB + 'rdr.target = "web"\n'),
        (WEB, '[out.a]\nto = "jail:web"\n'),
    ],
)
def test_what_is_another_s_say_or_another_way_is_not_told(tmp_path: Path, mine: str, theirs: str) -> None:
    """What leaves for outside, what is let in from everybody, and other ports."""
    assert _told(_host(tmp_path, mine, theirs, "aaa", starts=False), "web", "aaa") == []
