"""Many [nat.*] and [out.*] of one jail: what each costs does not grow with the others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jailpf.compile.told import shadowed
from jailpf.lifecycle.prepare import prepare
from jailpf.model import Rule
from jailpf.values import Interface, Outgoing, Peer

if TYPE_CHECKING:
    from stand_ins.machine import Machine


def steps(machine: Machine, count: int) -> int:
    """How many functions are called to compile a jail with so many of both."""
    nat = "".join(
        f'[nat.n{one}]\nto = "198.51.{one // 250}.{one % 250}"\naddress = "203.0.113.1"\n' for one in range(count)
    )
    out = "".join(f'[out.o{one}]\nto = "198.51.{one // 250}.{one % 250}"\n' for one in range(count))
    machine.declare("web", f'{nat}{out}[jail]\nip4 = "10.0.0.1"\n')
    session = machine.session()
    _ = session.jails
    called = 0

    def count_call(*_: object) -> None:
        nonlocal called
        called += 1

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        assert prepare(session, "web", created=True)
    finally:
        sys.setprofile(before)
    return called


def test_twice_as_many_cost_twice_as_much(machine: Machine) -> None:
    """Counted in calls of functions: no clock decides."""
    steps(machine, 5)
    base, once, twice = (steps(machine, count) for count in (10, 30, 50))
    assert twice - once < 1.2 * (once - base)


def test_of_nat_rules_the_first_that_takes_all_is_named() -> None:
    """By narrower and wider ones of the same targets, ports and protocol, or of all of them."""

    def nat(service: str, target: str, **more: object) -> Rule:
        return Rule(
            action="nat", on=(Interface.parse("em0"),), family="inet", source=(Peer.parse("10.0.0.1"),),
            target=Outgoing.parse(target), service=service, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    rules = [
        nat("a", "203.0.113.1", to=(Peer.parse("192.0.2.1"),)),
        nat("b", "203.0.113.2", to=(Peer.parse("192.0.2.2"),)),
        nat("c", "203.0.113.3", to=(Peer.parse("192.0.2.2"),), port=()),
        nat("d", "203.0.113.4"),
        nat("e", "203.0.113.5", to=(Peer.parse("192.0.2.1"),)),
    ]
    said = [problem.message for problem in shadowed(rules)]
    assert [one.split()[0] for one in said] == ["203.0.113.3", "203.0.113.5"]
    assert "[b] translates all of it" in said[0]
    assert "[a] translates all of it" in said[1]
    assert list(shadowed([rules[0], rules[1], rules[3]])) == []
