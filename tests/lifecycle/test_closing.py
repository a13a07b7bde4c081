from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = "[service.web]\nport = 99999\n"
POT = "network_type=alias\nvnet=false\nip=lo1|10.3.0.2 fd00:3::2\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A host with one pot, whose hooks' exit status nobody looks at, and a declaration that is broken."""
    found = Machine(tmp_path, pf="simulated")
    folder = tmp_path / "pot/jails/web/conf"
    folder.mkdir(parents=True)
    (folder / "pot.conf").write_text(POT)
    of(found, 'adapters = ["pot"]\n')
    found.declare("web", BROKEN)
    found.running()
    return found


def of(machine: Machine, top: str) -> None:
    machine.settings(top, f'[host]\next_if = "em0"\n[managers.pot]\nroot = "{machine.root}/pot"\n')


def test_a_jail_that_starts_all_the_same_is_closed_until_its_declaration_is_mended(machine: Machine) -> None:
    """Both families, whatever pf.conf lets in; load replaces it, and poststop takes it away."""
    said = machine.jailpf("created", "web", status=65).stderr
    assert "web runs nevertheless, and jailpf lets nobody in to it; correct it, then `jailpf load web`" in said
    (anchor,) = record(machine)
    assert [line.split() for line in anchor.splitlines()] == [
        ["block", "quick", "inet", "from", "any", "to", "10.3.0.2"],
        ["block", "quick", "inet6", "from", "any", "to", "fd00:3::2"],
    ]
    machine.declare("web", "[service.web]\nport = 80\n")
    machine.jailpf("load", "web")
    assert "block quick" not in "".join(record(machine))
    machine.jailpf("poststop", "web")
    assert record(machine) == []


def test_prestart_says_that_it_cannot_refuse(machine: Machine) -> None:
    """The exit status is the same as anywhere; nobody looks at it."""
    said = machine.jailpf("prestart", "web", status=65).stderr
    assert "pot ignores the exit status of hooks, so a jail starts even when jailpf refuses it" in said


def test_under_warn_it_is_left_open_as_asked(machine: Machine) -> None:
    """Then pf.conf alone decides."""
    of(machine, 'adapters = ["pot"]\non_error = "warn"\n')
    machine.jailpf("created", "web")
    assert record(machine) == []


def record(machine: Machine) -> list[str]:
    """The texts that are loaded for the jail."""
    from jailpf.state import records

    found = records.read(machine.session().directory, "web")[0]
    return [anchor.text for anchor in found.anchors] if found else []


def test_what_prestart_refused_is_closed_and_not_loaded(machine: Machine) -> None:
    """A promise that would be broken: pot starts the jail, and nothing is let in to it."""
    machine.declare("web", "[service.web]\nport = 80\n")
    machine.toml.with_name("promises.toml").write_text('[[never]]\nfrom = "outside"\nto = "jail:web"\n')
    machine.jailpf("prestart", "web", status=65)
    machine.jailpf("created", "web", status=65)
    (anchor,) = record(machine)
    assert {line.split()[0] for line in anchor.splitlines()} == {"block"}


def test_what_pf_would_not_evaluate_closes_nothing_and_is_not_said_to(machine: Machine) -> None:
    """Without the anchor line in pf.conf only that is said, and nothing is loaded."""
    of(machine, 'adapters = ["pot"]\nmain = "pf.conf"\n')
    (machine.root / "etc/pf.conf").write_text('nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\npass all\n')
    machine.declare("web", "[service.web]\nport = 80\n")
    said = machine.jailpf("created", "web", status=69).stderr
    assert "never evaluates" in said
    assert "nothing is let in" not in said
    assert record(machine) == []
