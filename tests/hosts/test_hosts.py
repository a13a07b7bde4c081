"""Every kind of host in the guides, and what `jailpf trace` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hosts.reading import HostFile, agrees, files
from jailpf.pf.simulated.host.ifconfig import read_ifconfig

if TYPE_CHECKING:
    from pathlib import Path

EACH = pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)


@EACH
def test_every_question_is_answered_right(path: Path) -> None:
    """As the file says."""
    _check(HostFile(path.read_text()))


@EACH
def test_names_of_interfaces_mean_nothing(path: Path) -> None:
    """The same host with every interface renamed, flags and groups as they were, answers the same."""
    file = HostFile(path.read_text())
    known = read_ifconfig(file.parts["host"])
    groups = {group for interface in known.values() for group in interface.groups}
    assert not groups & known.keys()
    _check(file.renamed({name: f"net_{number}x{number}" for number, name in enumerate(known)}))


def _check(file: HostFile) -> None:
    world = file.world()
    wrong = [
        f"{question}: {said}, and not: {wanted}"
        for question, wanted in file.questions()
        if not agrees(said := file.answer(world, question), wanted)
    ]
    assert not wrong, "\n".join(wrong)
