"""Many at once: the same end as one after the other."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

from jailpf.lifecycle import prestart
from jailpf.state import records

if TYPE_CHECKING:
    from stand_ins.machine import Machine


def declare(machine: Machine, count: int) -> list[str]:
    names = [f"j{number:02}" for number in range(count)]
    for number, name in enumerate(names):
        machine.declare(name, web(1000 + number, f"172.16.1.{number + 1}"))
    return names


def at_once(machine: Machine, commands: list[list[str]]) -> list[int]:
    """Start all commands before any is waited for; their exit statuses."""
    children = [
        subprocess.Popen(
            machine.arguments(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        for words in commands
    ]
    with ThreadPoolExecutor(len(children)) as pool:
        said = list(pool.map(lambda child: child.communicate(timeout=120)[1], children))
    statuses = [child.returncode for child in children]
    assert statuses == [0] * len(children), b"\n".join(said).decode()
    return statuses


@pytest.mark.parametrize("count", [16, pytest.param(50, marks=pytest.mark.exam)])
def test_many_jails_start_at_once(machine: Machine, count: int) -> None:
    """Every jail passes and is loaded, each with its own rules and record, as if they had started one by one."""
    names = declare(machine, count)
    with machine.swift():
        for name in names[count // 5 :]:
            prestart.prestart(machine.session(), name)
    machine.calls()
    at_once(machine, [["created", name] for name in names])  # some of them cold
    assert len(machine.calls()) < 2 * count
    held = machine.anchors()
    assert sorted(held) == [f"jailpf/{name}" for name in names]
    assert all(f"port {1000 + number} " in held[f"jailpf/{name}"] for number, name in enumerate(names))
    assert machine.records() == [f"{name}.json" for name in names]
    run = machine.session().directory
    assert [record.jail for record in records.everything(run)] == names
    machine.running(*names)
    machine.jailpf("status")


def test_starts_stops_reloads_and_syncs_at_once(machine: Machine) -> None:
    """Whatever runs beside what: afterwards the running jails are as declared, and the stopped ones are gone."""
    names = declare(machine, 12)
    starting, stopping, staying = names[:4], names[4:8], names[8:]
    machine.running(*names[4:])
    machine.jailpf("sync")
    for name in staying:
        machine.declare(name, web(2000 + names.index(name), f"172.16.1.{names.index(name) + 1}"))
    machine.running(*starting, *staying)
    commands = [["created", name] for name in starting]
    commands += [["poststop", name] for name in stopping]
    commands += [["reload", name] for name in staying]
    commands += [["sync"], ["sync"], ["poststop", ""]]
    at_once(machine, commands)
    held = machine.anchors()
    assert sorted(held) == [f"jailpf/{name}" for name in (*starting, *staying)]
    assert all(f"port {2000 + names.index(name)} " in held[f"jailpf/{name}"] for name in staying)
    assert machine.records() == [f"{name}.json" for name in (*starting, *staying)]
    assert "nothing to do" in machine.jailpf("sync").stdout


def test_of_two_that_claim_one_port_one_starts(machine: Machine) -> None:
    """Both hooks of both jails at once: exactly one is let in, and only its rules are loaded."""
    machine.declare("a", web(80, "172.16.1.1"))
    machine.declare("b", web(80, "172.16.1.2"))

    def start(name: str) -> int:
        for verb in ("prestart", "created"):
            if status := machine.jailpf(verb, name, status=None).returncode:
                return status
        return 0

    with ThreadPoolExecutor(2) as pool:
        statuses = dict(zip("ab", pool.map(start, "ab"), strict=True))
    assert sorted(statuses.values()) == [0, 65]
    winner = next(name for name, status in statuses.items() if not status)
    assert list(machine.anchors()) == [f"jailpf/{winner}"]
    assert machine.records() == [f"{winner}.json"]


def test_the_simulated_pf_takes_many_at_once(simulated: Machine) -> None:
    """Its file keeps every jail that processes load side by side."""
    names = declare(simulated, min(6, 3 * (os.cpu_count() or 1)))
    at_once(simulated, [["created", name] for name in names])
    pf = simulated.pf()
    assert all(pf.read(f"jailpf/{name}") for name in names)
