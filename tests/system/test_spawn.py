"""Running a program for pf: what it prints costs what reading it costs, and has a limit."""

from __future__ import annotations

import sys
import time

import pytest

from jailpf.system import spawn


def prints(size: int, stream: str = "stdout") -> list[str]:
    """A program that prints so many bytes."""
    return [sys.executable, "-IS", "-c", f"import sys; sys.{stream}.write('x' * {size})"]


@pytest.mark.exam
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_much_output_comes_whole_and_in_time(stream: str) -> None:
    """50 MB were 8 seconds when every part was copied behind the ones before."""
    since = time.monotonic()
    status, out, err = spawn.run(prints(50 << 20, stream))
    assert (status, len(out) + len(err)) == (0, 50 << 20)
    assert time.monotonic() - since < 4


def test_output_without_end_is_cut_off() -> None:
    """A pfctl that is `yes` takes neither all memory nor all of the time."""
    with pytest.raises(OverflowError):
        spawn.run([sys.executable, "-IS", "-c", "while True: print('y' * 60000)"], seconds=60)


def test_what_is_taken_part_by_part_has_no_limit_and_is_not_kept() -> None:
    """States may be more than fit."""
    sizes: list[int] = []
    status, out, _ = spawn.run(prints(spawn.MOST + 1000), take=lambda part: sizes.append(len(part)))
    assert (status, out, sum(sizes)) == (0, b"", spawn.MOST + 1000)
    assert max(sizes) <= 1 << 20
