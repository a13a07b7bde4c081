"""Random declarations (fuzz_declarations.py), a few of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from fuzz_declarations import Fuzz, declared_keys, main
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jailpf.errors import PfRefusedError
from jailpf.values import Peer

if TYPE_CHECKING:
    from _pytest.capture import CaptureFixture


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    return Fuzz(tmp_path_factory.mktemp("fuzz"))


def test_eight_hundred_declarations(fuzz: Fuzz) -> None:
    """Each is refused with a place or renders to what was declared; 30 % are taken, and every key is in one of those."""
    for number in range(800):
        fuzz.one(random.Random(number))
    assert fuzz.accepted > 0.3 * fuzz.tried
    assert fuzz.accepted < 0.9 * fuzz.tried
    assert declared_keys() <= set(fuzz.seen)


@pytest.mark.exam
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_declarations(fuzz: Fuzz, part: int) -> None:
    """The same, until every pair of keys has met."""
    for number in range(10_000):
        fuzz.one(random.Random(1_000_000 * (part + 1) + number))


@given(dice=st.randoms(use_true_random=False))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_hypothesis_finds(fuzz: Fuzz, dice: random.Random) -> None:
    """The same, with examples that hypothesis chooses and makes small."""
    fuzz.one(dice)


def test_by_hand(capsys: CaptureFixture[str]) -> None:
    """The command says how many it tried and took."""
    assert main(5, 3) == 0
    assert capsys.readouterr().out.startswith("5 tried, ")


def test_a_broken_text_would_be_noticed(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks are no ornament: a value that printed more than itself is found."""
    found = 0
    monkeypatch.setattr(Peer, "__str__", lambda peer: f"{peer.word} port 22")
    for number in range(40):
        try:
            fuzz.one(random.Random(number))
        except (AssertionError, PfRefusedError, ValueError):
            found += 1
    assert found
