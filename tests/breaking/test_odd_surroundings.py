"""Closed descriptors, a full disk behind standard output, and bytes that are no text: a status and a line, no traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stand_ins.machine import Machine

COMMANDS = ["sync", "status", "check", "doctor", "list", "plugins", "render web", "poststop web"]


def shell(machine: Machine, command: str, redirected: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a shell that closes or redirects something."""
    line = shlex.join(machine.arguments(*command.split())) + f" {redirected}"
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_no_bug(simulated: Machine, command: str, closed: str) -> None:
    """What has nowhere to go is thrown away; the command does its work, and no file of ours takes the number."""
    simulated.declare("web")
    whole = shell(simulated, command, "")
    done = shell(simulated, command, closed)
    assert done.returncode == whole.returncode
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"NoneType" not in done.stdout + done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("command", ["sync", "list --json"])
def test_a_full_standard_output_is_told(simulated: Machine, command: str) -> None:
    """71 and one line that says which file it is."""
    done = shell(simulated, command, "> /dev/full")
    assert (done.returncode, done.stderr.count(b"\n")) == (71, 1)
    assert done.stderr.startswith(b"standard output: No space left on device; make room")


@pytest.mark.parametrize("name", [b"\xff", b"a\xe9b"])
@pytest.mark.parametrize(
    ("command", "status"),
    [("poststop", 0), ("prestart", 64), ("created", 64), ("load", 64), ("unload", 64), ("reload", 64), ("sync", 64)],
)
def test_a_name_that_is_no_text_is_told(simulated: Machine, command: str, name: bytes, status: int) -> None:
    """One line, whatever the name; poststop ends 0 as always."""
    arguments = [os.fsencode(word) for word in simulated.arguments(command)]
    done = subprocess.run([*arguments, name], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (status, 1)
    assert b"Traceback" not in done.stderr
