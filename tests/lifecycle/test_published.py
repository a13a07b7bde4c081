"""What a jail manager publishes itself is counted as let in: no block rule stops an rdr pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jailpf.cli import main
from jailpf.declare.promises import FILE
from jailpf.lifecycle.checks import published
from jailpf.testing import SimulatedHost

POT = Path(__file__).parent.parent / "adapters/pot/sample"
CONF = 'rdr-anchor "jailpf/*"\nblock all\npass out on bridge0\nanchor "jailpf/*"\n'


@pytest.fixture
def host(tmp_path: Path) -> SimulatedHost:
    """pot's jail `web`, on 10.192.0.10, whose declaration lets in nobody."""
    folder = tmp_path / "host"
    sample = folder.with_name("pot")
    shutil.copytree(POT, sample)
    for path in (sample, *sample.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    settings = f'adapters = ["pot"]\n[host]\next_if = "em0"\n[managers.pot]\nroot = "{sample}"\netc = "{sample}/etc"\n'
    made = SimulatedHost(folder, settings=settings, pf_conf=CONF)
    made.write("jails/web.toml", "# nothing\n")
    return made


def test_who_is_let_in_whatever_is_declared(host: SimulatedHost) -> None:
    """A warning for each port of a jail that is checked, also for one that is drawn at every start; none for others."""
    said = {one.message.partition(", whatever")[0] for one in published.let_in(host.session(), ["web", "two"])}
    by = "pot.export.ports of web lets everybody in to its"
    assert said == {
        f"{by} tcp port 80 by port 30000",
        f"{by} udp port 53 by port 30053",
        f"{by} tcp port 443 by port 443",
        f"{by} tcp port 22 by a port that changes at every start",
    }
    assert list(published.let_in(host.session(), ["two", "priv"])) == []


def test_the_rules_that_the_manager_loads(host: SimulatedHost) -> None:
    """On each of its cards, to the jail's address; nothing of a port that nobody knows."""
    ((jail, lines),) = published.rules(host.session())
    assert jail == "web"
    assert lines[:2] == [
        "rdr pass on em0 inet  proto tcp from any to 203.0.113.7 port 30000 -> 10.192.0.10 port 80",
        "rdr pass on em1 inet  proto tcp from any to (em1) port 30000 -> 10.192.0.10 port 80",
    ]
    assert len(lines) == 6


def run(host: SimulatedHost, *words: str) -> int:
    return main(["-c", str(host.etc / "jailpf.toml"), "--run", str(host.run), *words])


def test_check_and_reach_count_it(host: SimulatedHost, capsys: pytest.CaptureFixture[str]) -> None:
    """check warns, and finds the promise broken; reach --declared lists it as what no declaration names."""
    host.pf.topology.add_interface("em0", "203.0.113.1/24", "203.0.113.7/24")
    host.write(FILE, '[[never]]\nfrom = "outside"\nto = "jail:web"\nport = 80\nproto = "tcp"\n')
    assert run(host, "check") == 65
    said = capsys.readouterr().err
    assert "lets everybody in to its tcp port 80 by port 30000, whatever is declared" in said
    assert "promise" in said
    assert run(host, "reach", "--declared", "web") == 1
    assert "30000" in capsys.readouterr().out


def test_doctor_and_a_start_show_what_nobody_can_read(host: SimulatedHost, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of the manager's that is no port is a finding, and a note of each start that claims a port."""
    file = host.etc.parent.with_name("pot") / "jails/web/conf/pot.conf"
    file.write_text(file.read_text().replace("pot.export.ports=", "pot.export.ports=tcp:80:80:80 "))
    run(host, "doctor")
    said = "".join(capsys.readouterr())
    assert "it is not of the form tcp:JAIL:HOST" in said
    assert "lets everybody in to its tcp port 443" in said
    host.write("jails/web.toml", "[service.a]\nport = 8081\n")
    assert run(host, "prestart", "web") == 0
    assert "it is not of the form tcp:JAIL:HOST" in capsys.readouterr().err
