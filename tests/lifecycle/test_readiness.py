"""Rules that would be loaded and never evaluated are refused before the jail starts, with the line to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import HOST, MAIN

from jailpf.errors import PfUnavailableError
from jailpf.lifecycle import prestart

if TYPE_CHECKING:
    from stand_ins.machine import Machine

BEATS = [
    "nat on em0 inet from 172.16.0.0/12 to any -> (em0:0)",
    "nat on em0 inet from any to any -> (em0:0)",
    "nat on em0 from <jails> to any -> 203.0.113.1",
    "nat inet from 172.16.15.16 to any -> (em0:0)",
]
LEAVES = [
    "nat on em1 inet from any to any -> (em1:0)",
    "nat on em0 inet6 from any to any -> (em0:0)",
    "nat on em0 inet from 10.0.0.0/8 to any -> (em0:0)",
    "nat on em0 inet from <nobody> to any -> (em0:0)",
    "nat on em0 inet from <natted> to any -> (em0:0)",
]


@pytest.fixture
def natted(machine: Machine) -> Machine:
    """A jail that leaves by the host's nat."""
    machine.settings(host=HOST + 'nat = "(em0:0)"\n')
    machine.declare("web")
    return machine


def main(machine: Machine, line: str) -> None:
    (machine.state / "main").write_text(
        f"table <jails> {{ 172.16.15.0/24 }}\ntable <natted> {{ 172.16.0.0/12 !172.16.15.16 }}\n{line}\n{MAIN}"
    )


@pytest.mark.parametrize("line", BEATS)
def test_a_general_nat_of_the_main_ruleset_beats_the_jails(natted: Machine, line: str) -> None:
    """Refused with that line and both ways out."""
    main(natted, line)
    with pytest.raises(PfUnavailableError, match=r"overrides(.|\n)*pf\.conf"):
        prestart.prestart(natted.session(), "web")


@pytest.mark.parametrize("line", LEAVES)
def test_a_nat_line_that_does_not_cover_the_jail_is_none_of_ours(natted: Machine, line: str) -> None:
    """Another interface, family or source."""
    main(natted, line)
    prestart.prestart(natted.session(), "web")


@pytest.mark.parametrize("missing", ["nat-anchor", "rdr-anchor", "anchor"])
def test_each_missing_anchor_line_is_named(natted: Machine, missing: str) -> None:
    """The line to add, word for word; one that names the jail itself does as well."""
    lines = [line for line in MAIN.splitlines() if not line.startswith(missing + " ")]
    (natted.state / "main").write_text("\n".join(lines) + "\n")
    with pytest.raises(PfUnavailableError, match=f'pf.conf: {missing} "jailpf/\\*"'):
        prestart.prestart(natted.session(), "web")
    own = f'{missing} "jailpf/web"'
    (natted.state / "main").write_text("\n".join([own, *lines]) + "\n")
    prestart.prestart(natted.session(), "web")
