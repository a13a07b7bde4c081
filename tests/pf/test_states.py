"""Picking a jail's states out of all that pf has."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.pf.states import Picked

TEXT = b"""\
all tcp 203.0.113.1:80 (10.0.0.2:80) <- 198.51.100.7:5000       ESTABLISHED:ESTABLISHED
   age 00:00:01, expires in 24:00:00, 4:3 pkts, 200:180 bytes, rule 3
   id: 0011223344556677 creatorid: f728d976 gateway: 0.0.0.0
all udp 10.0.0.22:53 <- 10.0.0.9:4000       SINGLE:MULTIPLE
   id: 00000000000000ab creatorid: f728d976
all tcp fd00::2[443] <- 2001:db8::7[5000]       ESTABLISHED:ESTABLISHED
   id: 00000000000000cd
"""


@given(st.lists(st.integers(1, len(TEXT)), max_size=6))
def test_parts_may_be_cut_anywhere(cuts: list[int]) -> None:
    """The same states, however the text arrives; none of an address that only begins alike."""
    picked = Picked(["10.0.0.2", "fd00::2"])
    ends = [0, *sorted(cuts), len(TEXT)]
    for start, end in pairwise(ends):
        picked.take(TEXT[start:end])
    assert [state.id for state in picked.states] == ["0011223344556677/f728d976", "00000000000000cd"]
    assert picked.states[0].addresses == {"203.0.113.1", "10.0.0.2", "198.51.100.7"}


def test_all_of_them() -> None:
    """Without addresses every state is one."""
    picked = Picked()
    picked.take(TEXT)
    assert len(picked.states) == 3


@pytest.mark.exam
def test_300_000_states_are_searched_in_time() -> None:
    """A host at its limit of states still gets rid of a stopped jail's."""
    line = b"all tcp 203.0.113.1:80 (10.1.0.2:80) <- 198.51.100.7:5000       ESTABLISHED:ESTABLISHED\n   age 00:00:01, expires in 24:00:00, 4:3 pkts, 200:180 bytes, rule 3\n   id: 0011223344556677 creatorid: f728d976 gateway: 0.0.0.0\n"
    block = line * 3000
    since = time.monotonic()
    picked = Picked(["10.0.0.2", "fd00::2"])
    for _ in range(100):
        picked.take(block)
    picked.take(TEXT)
    assert len(picked.states) == 2
    assert time.monotonic() - since < 3


def test_a_line_without_end_is_cut_off() -> None:
    """Whatever prints it is no pfctl."""
    picked = Picked()
    picked.take(b"x" * 1_000_000)
    with pytest.raises(OverflowError):
        picked.take(b"x" * 100_000)
