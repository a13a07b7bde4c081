"""A conflict that cannot be looked for is told; nobody says that nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

if TYPE_CHECKING:
    from stand_ins.machine import Machine

OTHER = '[service.http]\nport = 80\nrdr = {{ to = "{to}" }}\n[jail]\nip4 = "172.16.15.17"\n'


@pytest.fixture
def blind(machine: Machine) -> Machine:
    """A host whose pfctl does not tell what tables hold."""
    real = machine.bin / "real-pfctl"
    (machine.bin / "pfctl").rename(real)
    (machine.bin / "real-pfctl.state").symlink_to(machine.state)
    path = machine.bin / "pfctl"
    path.write_text(f'#!/bin/sh\ncase "$*" in *"-T show"*) echo "pfctl: no." >&2; exit 1;; esac\nexec {real} "$@"\n')
    path.chmod(0o755)
    return machine


def test_what_a_table_may_hold_is_in_doubt(blind: Machine) -> None:
    """check: 1, with the pair and the reason; created: a line, and the jail starts."""
    blind.declare("web")
    blind.declare("db", OTHER.format(to="203.0.113.1"))
    done = blind.jailpf("check", status=1)
    assert "web and db may claim the same port; jailpf cannot tell: " in done.stderr
    assert "nothing wrong" not in done.stdout
    blind.jailpf("created", "web")
    assert "db and web may claim the same port; jailpf cannot tell" in blind.jailpf("created", "db").stderr


def test_what_cannot_meet_is_not_in_doubt(blind: Machine) -> None:
    """Another port, whatever the table holds; and the same table is a conflict, whatever it holds."""
    blind.declare("web")
    blind.declare("db", web(81, "172.16.15.17"))
    assert "nothing wrong" in blind.jailpf("check").stdout
    blind.declare("db", web(80, "172.16.15.17"))
    done = blind.jailpf("check", status=65)
    assert "which" in done.stderr
    assert "cannot be determined" not in done.stderr


def test_a_pf_that_tells_settles_it(machine: Machine) -> None:
    """With the table's address there is a conflict, with another there is none."""
    machine.declare("web")
    machine.declare("db", OTHER.format(to="203.0.113.1"))
    machine.jailpf("check", status=65)
    machine.declare("db", OTHER.format(to="203.0.113.2"))
    assert "nothing wrong" in machine.jailpf("check").stdout
