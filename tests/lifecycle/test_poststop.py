"""poststop: nothing is left, and it ends 0 whatever is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import SPLIT, Machine, web

from jailpf.state import seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def loaded(machine: Machine) -> Machine:
    """One jail that was loaded and has stopped."""
    machine.declare("web")
    machine.running("web")
    machine.jailpf("created", "web")
    machine.running()
    machine.calls()
    return machine


BROKEN: dict[str, Callable[[Machine], object]] = {
    "the settings are no TOML": lambda machine: machine.toml.write_text("= ="),
    "the settings are gone": lambda machine: machine.toml.unlink(),
    "the jail's file is no TOML": lambda machine: machine.declare("web", "= ="),
    "the jail's file is gone": lambda machine: (machine.root / "etc/jails/web.toml").unlink(),
    "a plugin is missing": lambda machine: machine.settings('plugins = ["nobody"]\n'),
    "another layout": lambda machine: machine.settings('layout = "split"\n'),
    "another pf": lambda machine: machine.toml.write_text(
        machine.toml.read_text().replace('"pfctl"', '"simulated"', 1)
    ),
    "no jls": lambda machine: (machine.bin / "jls").unlink(),
    "no plan": lambda machine: __import__("shutil").rmtree(machine.run_dir / "plans", ignore_errors=True),
    "no lock": lambda machine: (machine.run_dir / "lock").unlink(),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_record_is_all_it_needs(loaded: Machine, what: str) -> None:
    """Settings, declaration, plugins and managers may be broken or gone by now."""
    BROKEN[what](loaded)
    loaded.jailpf("poststop", "web")
    assert loaded.anchors() == {}
    assert loaded.records() == []


@pytest.mark.parametrize("mood", ["missing", "denied", "busy", "refuses", "killed", "mute", "netlink"])
def test_a_pf_that_fails_is_reported_and_the_record_stays(loaded: Machine, mood: str) -> None:
    """Always 0, with a line that says what went wrong; the next poststop, or sync, finishes."""
    loaded.mood("", mood)
    done = loaded.jailpf("poststop", "web")
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert loaded.records() == ["web.json"]
    loaded.calm()
    loaded.jailpf("poststop", "web")
    assert (loaded.anchors(), loaded.records()) == ({}, [])


def test_every_step_is_tried(loaded: Machine) -> None:
    """A flush that fails does not keep the states from being killed."""
    loaded.states("1|jailpf/web|-|all tcp a")
    loaded.mood("-f /dev/null", "refuses")
    loaded.jailpf("poststop", "web")
    assert loaded.state_ids() == []
    assert loaded.records() == ["web.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"version": 99}', b'{"version": 1}', b"\xff\xfe", b'{"version": 1, "jail": 7}'])  # fmt: skip
def test_a_record_that_cannot_be_read(loaded: Machine, content: bytes) -> None:
    """Half-written, corrupt, or of a newer version: the jail's anchor is emptied by its name, its states killed."""
    (loaded.run_dir / "records/web.json").write_bytes(content)
    loaded.states("1|jailpf/web|-|all tcp a", "2|jailpf/other|-|all tcp b")
    done = loaded.jailpf("poststop", "web")
    assert "web.json" in done.stderr
    assert loaded.anchors() == {}
    assert loaded.state_ids() == ["2"]
    assert loaded.records() == []


def test_a_record_that_cannot_be_read_and_a_pf_that_fails(loaded: Machine) -> None:
    """The corrupt record is kept as the only sign that something is left."""
    (loaded.run_dir / "records/web.json").write_text("{")
    loaded.mood("-f /dev/null", "busy")
    loaded.jailpf("poststop", "web")
    assert loaded.records() == ["web.json"]


def test_without_a_name_the_jails_that_are_gone_are_purged(loaded: Machine) -> None:
    """Bastille's forced stop calls `poststop ''`: running jails keep what they have."""
    loaded.declare("mail", web(25, "172.16.15.17"))
    loaded.jailpf("created", "mail")
    loaded.running("mail")
    loaded.jailpf("poststop", "")
    assert list(loaded.anchors()) == ["jailpf/mail"]
    assert loaded.records() == ["mail.json"]


def test_a_purge_without_jls_takes_nothing_away(loaded: Machine) -> None:
    """Who cannot tell which jails run does not guess; it is said, and the end is 0."""
    (loaded.bin / "jls").unlink()
    assert loaded.jailpf("poststop", "").stderr.strip()
    assert list(loaded.anchors()) == ["jailpf/web"]


@pytest.mark.parametrize("name", ["*", "/", "..", "../web", "a/b", " ", "-x y", "_web", "web\n", "\u00e4"])
def test_a_hostile_name_reaches_no_pfctl(loaded: Machine, name: str) -> None:
    """Names that would address the main ruleset, or a file elsewhere, are refused before anything is run."""
    before = loaded.tree()
    done = loaded.jailpf("poststop", "--", name)
    assert done.returncode == 0
    assert loaded.calls() == []
    assert loaded.tree() == before


def test_addresses_of_other_jails_are_left_alone(loaded: Machine) -> None:
    """A neighbour that holds the same address keeps its states: only labels are sure then."""
    loaded.declare("twin", web(81) + "shared = true\n")
    loaded.running("twin")
    loaded.jailpf("created", "twin")
    loaded.states(
        "1||172.16.15.16|all tcp 203.0.113.1:1 (172.16.15.16:1) -> 192.0.2.1:1  X:X", "2|jailpf/web|-|all tcp b"
    )
    loaded.jailpf("poststop", "web")
    assert loaded.state_ids() == ["1"]


def test_no_room_for_the_lock(loaded: Machine) -> None:
    """Where the lock cannot be opened nobody else holds it: the rules go all the same."""
    (loaded.run_dir / "lock").unlink()
    (loaded.run_dir / "lock").mkdir()
    done = loaded.jailpf("poststop", "web")
    assert "lock" in done.stderr
    assert loaded.anchors() == {}


def test_without_settings_a_broken_record_means_the_usual_anchor(loaded: Machine) -> None:
    """Neither jailpf.toml nor the record can be read: what is tried and what fails is said, and the end is 0."""
    (loaded.run_dir / "records/web.json").write_text("{")
    loaded.toml.write_text("= =")
    assert "/sbin/pfctl" in loaded.jailpf("poststop", "web").stderr
    assert loaded.records() == ["web.json"]


def test_a_bug_of_ours_does_not_hold_up_the_stop(loaded: Machine) -> None:
    """A traceback for the report, a hint, and 0."""
    script = (
        "import sys, jailpf.lifecycle.poststop as p\ndef bug(*a): raise ZeroDivisionError\np.remove = bug\n"
        "from jailpf.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    words = loaded.arguments("poststop", "web")[4:]
    done = subprocess.run([sys.executable, "-I", "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
    assert "jailpf sync" in done.stderr


def test_a_jail_that_runs_keeps_everything(loaded: Machine) -> None:
    """A late or mistaken poststop says so and ends 0; unload by hand takes the rules away all the same."""
    loaded.running("web")
    before = loaded.tree()
    done = loaded.jailpf("poststop", "web")
    assert "runs (jid 1)" in done.stderr
    assert "jailpf unload web" in done.stderr
    assert loaded.tree() == before
    assert loaded.changes() == []
    loaded.jailpf("unload", "web")
    assert loaded.anchors() == {}


def test_the_hook_of_another_jail_takes_nothing_away(loaded: Machine) -> None:
    """15 names the jail in JNAME: after a rename the hook of one jail may still say the other's name."""
    done = loaded.jailpf("poststop", "web", env={"JNAME": "www"})
    assert "www" in done.stderr
    assert list(loaded.anchors()) == ["jailpf/web"]
    assert loaded.records() == ["web.json"]
    loaded.jailpf("poststop", "web", env={"JNAME": "web"})
    assert loaded.anchors() == {}


def test_a_late_poststop_does_not_strip_the_next_life(machine: Machine) -> None:
    """The record knows the jid: a jail that was started anew is told from the one that stopped."""
    machine.declare("web")
    machine.jailpf("created", "web", env={"JNAME": "web", "JID": "3"})
    machine.running("web", jid=4)
    machine.jailpf("created", "web", env={"JNAME": "web", "JID": "4"})
    assert "runs (jid 4)" in machine.jailpf("poststop", "web", env={"JNAME": "web", "JID": "3"}).stderr
    assert list(machine.anchors()) == ["jailpf/web"]


def test_what_was_loaded_for_a_former_life_goes(machine: Machine) -> None:
    """The next life runs already, but its `created` has not come yet: the old one's rules and states go."""
    machine.declare("web")
    machine.jailpf("created", "web", env={"JNAME": "web", "JID": "3"})
    machine.running("web", jid=4)
    machine.jailpf("poststop", "web", env={"JNAME": "web", "JID": "3"})
    assert machine.anchors() == {}


def test_a_jail_that_runs_keeps_what_an_unreadable_record_named(loaded: Machine) -> None:
    """Without a record its names are asked of jls(8)."""
    loaded.running("web")
    (loaded.run_dir / "records/web.json").write_text("{")
    assert "web runs" in loaded.jailpf("poststop", "web").stderr
    assert list(loaded.anchors()) == ["jailpf/web"]


def test_a_purge_does_not_pass_over_what_it_cannot_read(loaded: Machine) -> None:
    """An unreadable record of a jail that is gone: its anchor goes, and it is said; of one that runs: it is said."""
    loaded.declare("mail", web(25, "172.16.15.17"))
    loaded.jailpf("created", "mail")
    loaded.running("mail")
    for name in ("web", "mail"):
        (loaded.run_dir / f"records/{name}.json").write_text("{")
    done = loaded.jailpf("poststop", "")
    assert "web" in done.stderr
    assert "mail, which runs" in done.stderr
    assert list(loaded.anchors()) == ["jailpf/mail"]
    assert loaded.records() == ["mail.json"]


def test_another_jails_anchor_is_never_taken_away(loaded: Machine) -> None:
    """A record that names what is not its own is none, also with its checksum right."""
    loaded.declare("mail", web(25, "172.16.15.17"))
    loaded.jailpf("created", "mail")
    file = loaded.run_dir / "records/web.json"
    body = seal.opened(seal.RECORD, file.read_bytes()).replace(b"jailpf/web", b"jailpf/mail")
    file.write_bytes(seal.sealed(seal.RECORD, body))
    assert "not an anchor of web" in loaded.jailpf("poststop", "web").stderr
    assert list(loaded.anchors()) == ["jailpf/mail"]


def test_a_pf_that_hangs_is_asked_once(loaded: Machine) -> None:
    """One time limit for the whole command, and one line for what was not tried any more."""
    loaded.mood("", "hangs")
    words = loaded.arguments("poststop", "web")[4:]
    script = "import sys, jailpf.system.spawn as s\ns.SECONDS = 0.3\nfrom jailpf.__main__ import main\nsys.argv[1:] = sys.argv[1:]\nsys.exit(main())"
    done = subprocess.run([sys.executable, "-I", "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "not asked again" in done.stderr
    assert len(loaded.calls()) == 1
    assert loaded.records() == ["web.json"]


WARM = {
    "a table": '[service.http]\nport = 80\nfrom = "<f>"\n[table.f]\naddresses = ["192.0.2.1"]\n[jail]\nip4 = "172.16.15.16"\n',
    "both families": web().replace("\nip4", '\nip6 = "fd00::16"\nip4'),
    "a nat": '[service.http]\nport = 80\n[nat.own]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.16"\n',
}
STATES = (
    "1|jailpf/web jailpf/web/http|-|all tcp 172.16.15.16:80 (203.0.113.1:80) <- 192.0.2.7:4000  X:X",
    "2||172.16.15.16|all tcp 203.0.113.1:5000 (172.16.15.16:5000) -> 192.0.2.9:25       X:X",
    "3||-|all tcp fd00::16[993] <- 2001:db8::7[4000]       X:X",
    "4||-|all udp 172.16.15.16:53 -> 192.0.2.7:4001       X:X",
    "5||-|all tcp 172.16.15.160:80 (203.0.113.1:80) <- 192.0.2.7:4001       X:X",
    "6||-|all tcp fd00::161[80] <- 2001:db8::7[4001]       X:X",
)


@pytest.mark.parametrize("what", WARM)
@pytest.mark.parametrize("layout", ["single", "split"])
def test_the_short_way_and_the_whole_one_do_the_same(tmp_path: Path, what: str, layout: str) -> None:
    """The same pfctl commands, states and files, whether poststop reads settings or not."""
    ends = []
    for words in (("poststop", "web"), ("-v", "poststop", "web")):
        machine = Machine(tmp_path / words[0], top=f'layout = "{layout}"\n')
        if layout == "split":
            (machine.state / "main").write_text(SPLIT)
        machine.declare("web", WARM[what])
        machine.running()
        machine.jailpf("prestart", "web")
        machine.jailpf("created", "web")
        machine.states(*STATES)
        machine.calls()
        machine.jailpf(*words)
        # By id also those that another kill is just at: which they are is chance, what is left is not.
        changes = sorted(call for call in machine.calls() if "-s" not in call.split() and "-k id" not in call)
        ends.append(
            (
                changes,
                machine.state_ids(),
                machine.anchors(),
                machine.records(),
                os.listdir(machine.run_dir / "starting"),
            )
        )
    assert ends[0] == ends[1]
    assert ends[0][1] == (["5", "6"] if what == "both families" else ["3", "5", "6"])
    assert ends[0][2:] == ({}, [], [])
