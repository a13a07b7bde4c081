"""Records: whole or not at all, the same after a round trip, and never misread."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.compile.claims import Claim
from jailpf.errors import Place
from jailpf.lifecycle import load
from jailpf.model import Anchor
from jailpf.state import records
from jailpf.state.records import Record
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
    Record, jail=text, running_name=text, file=text, settings=text, pf=text, pfctl=text, path=text, labels=names, plugins=names,
    anchors=st.lists(st.builds(Anchor, text, text), max_size=3).map(tuple), shared=st.booleans(), vnet=st.booleans(),
    addresses=st.lists(st.sampled_from(["10.0.0.1", "fd00::1"]), max_size=2).map(tuple), claims=st.lists(claims, max_size=2).map(tuple),
)  # fmt: skip


@given(some)
def test_a_record_survives_the_round_trip(record: Record) -> None:
    """Whatever is written is read back equal, from one line."""
    raw = record.to_bytes()
    assert Record.from_bytes(raw) == record
    assert raw.count(b"\n") == 1


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
    data = json.loads(record.to_bytes())
    data[field] = value
    try:
        assert isinstance(Record.from_bytes(json.dumps(data).encode()), Record)
    except ValueError:
        return
    assert field in ("labels", "addresses", "claims", "anchors")


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
    from jailpf.state.rundir import file_name

    assert len(file_name(name)) <= 60
    assert file_name(name).isascii()
    assert file_name(file_name(name)) == file_name(name)
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
    assert file.read_bytes() == whole
    machine.jailpf("poststop", "web")
    assert machine.records() == []
