"""A deny holds, whatever another jail lets through and whatever that one is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.lifecycle import batch
from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.survey import look
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'
WEB = "[service.a]\nport = 80\n"
CASES = {
    "out": (WEB + 'from = "jail:ok"\n[deny.x]\nfrom = "jail:OTHER"\n', '[out.a]\nto = "jail:web"\n', "jail:OTHER", ""),
    "from": ('[deny.x]\nto = "jail:OTHER"\n', WEB + 'from = "jail:web"\n', "jail:web", "10.0.0.9"),
    "direct": ("[deny.x]\nport = 80\n", WEB + "rdr = false\n", "jail:web", "10.0.0.9"),
    "rdr": ('[deny.x]\nfrom = "192.0.2.0/24"\n', WEB + 'rdr.target = "web"\n', "192.0.2.7", "203.0.113.1"),
    "table": (
        '[deny.x]\nfrom = "<bad>"\n[table.bad]\naddresses = "192.0.2.0/24"\n',
        WEB + 'rdr.target = "web"\n',
        "192.0.2.7",
        "203.0.113.1",
    ),
}
LAYOUTS = {
    "single": "",
    "split": 'layout = "split"\n',
    "bastille": 'layout = "bastille"\n',
    "own": 'layout = { filter = "fw/jail-{jail}", nat = "tr/{jail}", rdr = "tr/{jail}" }\n',
}


ASKED = [("single", case, name) for case in CASES for name in ("abad", "zbad")] + [
    (layout, "out", "abad") for layout in LAYOUTS if layout != "single"
]


@pytest.mark.parametrize(("layout", "case", "name"), ASKED)
def test_a_deny_holds_whatever_another_jail_lets_through(tmp_path: Path, layout: str, case: str, name: str) -> None:
    """By traffic: reached without the deny, blocked with it, also where the other's rules stand first; nothing is left."""
    mine, theirs, source, to = CASES[case]
    source, to = source.replace("OTHER", name), to or "10.0.0.2"
    host = SimulatedHost(tmp_path / "host", settings=LAYOUTS[layout] + HOST)
    jails = {"ok": ("# nothing\n", "10.0.0.5"), "web": ("# nothing\n", "10.0.0.2"), name: (theirs, "10.0.0.9")}
    for start in (False, True):
        for jail, (text, address) in jails.items():
            (host.start if start else host.declare)(text, jail, ip4=address, ip6="")
    assert host.traffic(source, 80, to=to)
    web = host.start(mine.replace("OTHER", name), "web", ip4="10.0.0.2", ip6="")
    host.traffic(source, 80, to=to, source_port=41000).is_blocked()
    assert web.stop() == []
    assert web.anchors == {}


@pytest.mark.parametrize("more", ["", 'anchor "jailpf/*"\n'])
def test_a_deny_that_pf_conf_asks_too_late_is_refused(tmp_path: Path, more: str) -> None:
    """prestart: a pf.conf that calls a jail's anchor by its own name before the others, or alone."""
    calls = "".join(f'{word} "jailpf/web"\n' for word in ("nat-anchor", "rdr-anchor", "anchor"))
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=calls + more)
    assert host.problems(WEB) == []
    (said,) = host.problems(WEB + '[deny.x]\nfrom = "192.0.2.1"\n')
    assert said == (
        'the deny rules of web (jailpf/-deny.web) do not apply to what `anchor "jailpf/web" all` lets through first; '
        'in pf.conf, replace that line with anchor "jailpf/*"'
    )


def test_jails_that_deny_are_loaded_together_with_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one transaction of all their anchors, and none by itself."""
    host = SimulatedHost(tmp_path / "host", settings=HOST)
    for number, name in enumerate("abcd"):
        host.declare(f"[service.a]\nport = {80 + number}\n" + "[deny.x]\nport = 25\n" * (number % 2), name)
    session = host.session()
    wanted = [found.record for name in "abcd" if (found := prepare(session, name, created=True))]
    monkeypatch.setattr(session.pf, "load", lambda *_: pytest.fail("loaded by itself"))
    batch.install(session, wanted, lambda *wrong: pytest.fail(str(wrong)))
    assert sorted(path for path in host.pf.anchors() if "-deny." in path) == ["jailpf/-deny.b", "jailpf/-deny.d"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_jail_that_is_gone_denied_is_found(tmp_path: Path, layout: str) -> None:
    """In every layout: nobody else makes anchors of such a name."""
    host = SimulatedHost(tmp_path / "host", settings=LAYOUTS[layout] + HOST)
    path = host.session().settings.layout.above("gone")
    host.pf.load(path, "block in quick inet from 192.0.2.1 to any\n")
    assert look(host.session()).orphans() == [path]
