"""Records: whole or not at all, the same after a round trip, and never misread."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.compile.claims import Claim
from jailpf.errors import Place
from jailpf.lifecycle import load
from jailpf.model import Anchor
from jailpf.state import records, seal
from jailpf.state.records import Record
from jailpf.state.rundir import file_name
from jailpf.values import Peer, Port

if TYPE_CHECKING:
    from stand_ins.machine import Machine

text = st.text(max_size=20)
claims = st.builds(
    Claim, owner=text, service=text, place=st.builds(Place, text, st.integers(0, 99), st.integers(0, 99)),
    family=st.sampled_from(["inet", "inet6"]), on=st.lists(text, max_size=2).map(tuple),
    protos=st.lists(st.sampled_from(["tcp", "udp"]), max_size=2).map(tuple),
    to=st.lists(st.sampled_from(["any", "<t>", "(em0:0)", "10.0.0.0/8", "!10.0.0.1"]).map(Peer.parse), max_size=2).map(tuple),
    ports=st.lists(st.sampled_from([80, "1:9"]).map(Port.parse), max_size=2).map(tuple), source=st.just(()),
)  # fmt: skip
names = st.lists(text, max_size=3).map(tuple)
some = st.builds(
    Record, jail=st.just("web"), running_name=text, file=text, settings=text, pf=text, pfctl=text, path=text, labels=names, plugins=names,
    anchors=st.lists(st.builds(Anchor, st.just("jailpf/web"), text), max_size=3).map(tuple), jid=st.integers(0, 99), jls=text, shared=st.booleans(), vnet=st.booleans(),
    addresses=st.lists(st.sampled_from(["10.0.0.1", "fd00::1"]), max_size=2).map(tuple), claims=st.lists(claims, max_size=2).map(tuple),
)  # fmt: skip


@given(some)
def test_a_record_survives_the_round_trip(record: Record) -> None:
    """Whatever is written is read back equal."""
    assert Record.from_bytes(record.to_bytes()) == record


@given(some, st.data())
def test_a_cut_record_is_none(record: Record, data: st.DataObject) -> None:
    """Half a record is refused with ValueError, wherever it was cut."""
    raw = record.to_bytes()
    cut = data.draw(st.integers(0, len(raw) - 2))
    with pytest.raises(ValueError, match=r"."):
        Record.from_bytes(raw[:cut])


@given(
    some,
    st.sampled_from(["jail", "anchors", "labels", "addresses", "claims", "pf", "path"]),
    st.sampled_from([7, None, {}, ["x"], [{}]]),
)
def test_a_record_with_a_wrong_field_is_none(record: Record, field: str, value: object) -> None:
    """Of another shape: refused, or taken only where the shape is right."""
    head, _, last = seal.opened(seal.RECORD, record.to_bytes()).rstrip(b"\n").rpartition(b"\n")
    data = json.loads(last)
    data[field] = value
    try:
        assert isinstance(Record.from_bytes(sealed(head, json.dumps(data).encode())), Record)
    except ValueError:
        return
    assert field in ("labels", "addresses", "claims", "anchors")


def sealed(head: bytes, last: bytes) -> bytes:
    return seal.sealed(seal.RECORD, head + b"\n" + last + b"\n")


@given(some, st.integers(0, 10**6), st.integers(0, 255))
def test_an_edited_record_is_none(record: Record, at: int, byte: int) -> None:
    """A single byte that is another one is noticed, wherever it stands."""
    raw = bytearray(record.to_bytes())
    at %= len(raw)
    if raw[at] == byte:
        return
    raw[at] = byte
    with pytest.raises(ValueError, match=r"."):
        Record.from_bytes(bytes(raw))


def test_a_record_that_is_nested_too_deeply_is_none() -> None:
    """Also with its checksum right: no traceback for a file."""
    with pytest.raises(ValueError, match="not a record"):
        Record.from_bytes(sealed(b"jid 0", b"[" * 200_000))


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("jailpf/web", True), ("nat/web", True), ("bastille/jailpf.web", True), ("my/own-web", True), ("", False), ("*", False),
        ("web", False), ("jailpf/mail", False), ("jailpf/web/x", False), ("jailpf//web", False), ("_pf/web", False), ("jailpf/_web", False),
        ("jailpf/*", False), ("x" * 60 + "/web", False),
    ],
)  # fmt: skip
def test_a_record_names_its_own_jails_anchors_only(path: str, own: bool) -> None:
    """What would unload the main ruleset, or another jail, is no record."""
    record = Record(
        jail="web", running_name="web", file="", settings="", pf="pfctl", pfctl="/p", anchors=(Anchor(path, ""),)
    )
    try:
        assert Record.from_bytes(record.to_bytes()) == record
        assert own
    except ValueError:
        assert not own


def test_two_jails_never_share_a_file() -> None:
    """A name that looks like the short form of another one gets a short form of its own."""
    short = file_name("a:b")
    assert file_name(short) != short
    assert len({file_name(name) for name in ("a:b", short, file_name(short))}) == 3


def test_what_is_no_file_is_no_record_and_holds_nobody_up(machine: Machine) -> None:
    """A FIFO, a folder, a link in the place of a record: said, not waited for."""
    run = machine.session().directory
    run.make()
    os.mkfifo(run.record("fifo"))
    os.mkdir(run.record("folder"))
    os.symlink("/etc/passwd", run.record("link"))
    Path(run.record("web")).write_bytes(
        Record(jail="mail", running_name="", file="", settings="", pf="", pfctl="", anchors=()).to_bytes()
    )
    assert sorted(records.unreadable(run)) == ["fifo", "folder", "link", "web"]
    assert records.everything(run) == []


def test_the_unfinished_record_is_told_from_the_loaded_one(machine: Machine) -> None:
    """(loaded, being loaded, what is wrong), each by its own file; a temporary file is nobody's."""
    machine.declare("web")
    session = machine.session()
    load.load(session, "web")
    run = session.directory
    whole = (machine.run_dir / "records/web.json").read_bytes()
    (machine.run_dir / "records/web.json.new").write_bytes(whole)
    (machine.run_dir / "records/.mail.json.jailpf-0123456789abcdef").write_bytes(whole[:9])
    (machine.run_dir / "records/.mail.json.new.jailpf-0123456789abcdef").write_bytes(whole[:9])
    old, unfinished, wrong = records.read(run, "web")
    assert old == unfinished
    assert old is not None
    assert not wrong
    assert records.names(run) == ["web"]
    (machine.run_dir / "records/web.json").write_bytes(whole[:9])
    old, unfinished, wrong = records.read(run, "web")
    assert (old, bool(unfinished)) == (None, True)
    assert "web.json" in wrong


@pytest.mark.parametrize("name", ["x" * 100, "w\u00e9b", "-x", "a b"])
def test_long_and_odd_names_have_records_too(machine: Machine, name: str) -> None:
    """A file name of its own for every name, found again by name and by file name."""
    assert len(file_name(name)) <= 60
    assert file_name(name).isascii()
    assert file_name(name) != file_name(name + "x")


@pytest.mark.parametrize("what", ["fifo", "folder", "link", "device"])
def test_what_is_no_record_is_told_and_healed(machine: Machine, what: str) -> None:
    """Nothing waits for a FIFO with the lock held, nothing is read through a link; sync puts the record back."""
    machine.declare("web")
    machine.running("web")
    machine.jailpf("load", "web")
    file = machine.run_dir / "records/web.json"
    whole = file.read_bytes()
    file.unlink()
    if what == "fifo":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if what == "device" else "/etc/passwd")
    assert "web.json" in records.read(machine.session().directory, "web")[2]
    machine.jailpf("status", status=None)
    machine.jailpf("sync", status=None)
    again = records.read(machine.session().directory, "web")[0]
    assert again is not None
    assert again.anchors == Record.from_bytes(whole).anchors
    machine.running()
    machine.jailpf("poststop", "web")
    assert machine.records() == []
