"""What happens to a host between two commands: files that are cut, renamed or broken, clocks, failed starts."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from right import ends_right, held
from stand_ins.machine import Machine, web

from jailpf.errors import JailpfError
from jailpf.lifecycle import load, poststop, prestart
from jailpf.lifecycle.sync import sync
from jailpf.state import records

if TYPE_CHECKING:
    from collections.abc import Callable


OTHER = "mail"


WEB = '[service.http]\nport = 80\n[nat.own]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.16"\n'


@pytest.fixture
def started(simulated: Machine) -> Machine:
    """Two jails that run and are loaded."""
    simulated.declare(OTHER, web(25, "172.16.15.17"))
    simulated.declare("web", WEB)
    simulated.running(OTHER, "web")
    for name in (OTHER, "web"):
        load.load(simulated.session(), name)
    return simulated


def rename(machine: Machine) -> None:
    (machine.root / "etc/jails/web.toml").rename(machine.root / "etc/jails/www.toml")


def break_record(content: bytes, suffix: str = "") -> Callable[[Machine], object]:
    return lambda machine: (machine.run_dir / f"records/web.json{suffix}").write_bytes(content)


def renumber(machine: Machine) -> None:
    file = machine.run_dir / "records/web.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 2'))


ACCIDENTS: dict[str, tuple[Callable[[Machine], object], tuple[str, ...]]] = {
    "jail -R": (lambda machine: None, (OTHER,)),
    "a jail that died by itself and was started again": (lambda machine: None, (OTHER, "web")),
    "renamed": (rename, (OTHER, "www")),
    "its file was removed while it runs": (lambda machine: (machine.root / "etc/jails/web.toml").unlink(), (OTHER,)),
    "half a record": (break_record(b'{"version": 1, "ja'), (OTHER, "web")),
    "half a record of a jail that is gone": (break_record(b'{"version": 1, "ja'), (OTHER,)),
    "an empty record": (break_record(b""), (OTHER, "web")),
    "a corrupt record": (break_record(b"\0\xff"), (OTHER,)),
    "a record of a newer version": (renumber, (OTHER, "web")),
    "a record of a newer version, the jail gone": (renumber, (OTHER,)),
    "half an unfinished record": (break_record(b"{", ".new"), (OTHER, "web")),
    "half an unfinished record, the jail gone": (break_record(b"{", ".new"), (OTHER,)),
    "no record at all": (lambda machine: (machine.run_dir / "records/web.json").unlink(), (OTHER, "web")),
    "no record at all, the jail gone": (lambda machine: (machine.run_dir / "records/web.json").unlink(), (OTHER,)),
    "no records": (lambda machine: shutil.rmtree(machine.run_dir / "records"), (OTHER, "web")),
    "pf was restarted": (lambda machine: machine.pf().unload("jailpf/web"), (OTHER, "web")),
    "pf lost its memory": (lambda machine: (machine.run_dir / "simulated.json").unlink(), (OTHER, "web")),
    "somebody loaded another text": (lambda machine: machine.pf().load("jailpf/web", "pass all\n"), (OTHER, "web")),
    "another jail's anchor without a record": (lambda machine: machine.pf().load("jailpf/ghost", "pass all\n"), (OTHER, "web")),
    "everything stopped": (lambda machine: None, ()),
}  # fmt: skip


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_after_an_accident_sync_makes_it_right(started: Machine, accident: str) -> None:
    """What happens to records, files, jails and pf behind jailpf's back."""
    happen, running = ACCIDENTS[accident]
    happen(started)
    declared = [name for name in running if (started.root / f"etc/jails/{name}.toml").exists()]
    started.running(*running)
    ends_right(started, *declared)


def test_a_declaration_broken_while_the_jail_runs(started: Machine) -> None:
    """sync reports it and keeps what is loaded; poststop takes it away all the same."""
    before = held(started)
    started.declare("web", "= =")
    assert sync(started.session()).problems
    assert held(started) == before
    started.running(OTHER)
    assert not poststop.poststop(started.session(), "web")
    (started.root / "etc/jails/web.toml").unlink()
    ends_right(started, OTHER)


def test_a_failed_start_leaves_nothing_after_sync(started: Machine) -> None:
    """jail(8) runs no poststop when a start fails after created: the record tells sync."""
    started.declare("new", web(99, "172.16.15.18"))
    prestart.prestart(started.session(), "new")
    load.created(started.session(), "new")
    ends_right(started, OTHER, "web")
    assert not (started.run_dir / "starting/new").exists()


def test_a_clock_that_was_set_back(started: Machine) -> None:
    """A prestart of the future holds nobody up: its claims no longer count, and created looks again."""
    started.declare("one", web(7000, "172.16.15.18"))
    prestart.prestart(started.session(), "one")
    os.utime(started.run_dir / "starting/one", (4102444800, 4102444800))
    started.declare("two", web(7000, "172.16.15.19"))
    prestart.prestart(started.session(), "two")
    load.created(started.session(), "two")
    with pytest.raises(JailpfError, match="7000"):
        load.created(started.session(), "one")
    ends_right(started, OTHER, "web", "two")
    assert records.names(started.session().directory) == [OTHER, "two", "web"]
