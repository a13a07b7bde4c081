"""Listeners and clients, in jails or on the host, as processes of the test."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from freebsd.tools import TOOLS, ToolError, end, run, start

HERE = Path(__file__).parent
PATIENCE = 20.0


def argv(jail: str, script: str, *words: str) -> list[str]:
    """The command line of a script in a jail, "" for the host."""
    inside = [TOOLS["jexec"], jail] if jail else []
    return [*inside, TOOLS["python"], "-I", str(HERE / script), *words]


class Talker:
    """A process that is spoken with line by line."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.process = start(command)
        self._rest = b""

    def line(self, seconds: float = PATIENCE) -> str:
        """The next line of its standard output. Raises ToolError with all that it said when there is none."""
        pipe = self.process.stdout
        assert pipe
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            ready = select.select([pipe], [], [], max(0.0, left))[0]
            part = os.read(pipe.fileno(), 4096) if ready else b""
            if not part:
                raise ToolError(f"{' '.join(self.command)}: no answer within {seconds:g} s\n{self._why()}")
            self._rest += part
        one, _, self._rest = self._rest.partition(b"\n")
        return one.decode("utf-8", "replace")

    def say(self, word: str) -> None:
        """A line for its standard input."""
        pipe = self.process.stdin
        assert pipe
        pipe.write(word + "\n")
        pipe.flush()

    def close(self) -> None:
        """End it, whatever it does."""
        end(self.process)

    def _why(self) -> str:
        try:
            self.process.wait(1)  # its output may have ended a moment before it
        except subprocess.TimeoutExpired:
            return "it still runs"
        pipe = self.process.stderr
        return f"it ended with {self.process.returncode}: {pipe.read() if pipe else ''}"


class Listener(Talker):
    """A server that says `name`. places: "tcp,ADDRESS,PORT" or "udp,...". It listens when this returns."""

    def __init__(self, jail: str, name: str, places: list[str]) -> None:
        super().__init__(argv(jail, "peer_server.py", name, *places))
        self.places = places
        try:
            said = self.line()
            if said != "ready":
                raise ToolError(f"the listener {name} said {said!r} instead of ready")
        except BaseException:
            self.close()
            raise


class Held(Talker):
    """A TCP connection that stays open."""

    def __init__(self, jail: str, source: str, to: str, port: int) -> None:
        super().__init__(argv(jail, "peer_client.py", "tcp", source or "-", to, str(port), "10", "hold"))
        try:
            self.answer: dict[str, Any] = json.loads(self.line())
            if self.answer["how"] != "reached":
                raise ToolError(f"no connection to hold: {' '.join(self.command)}: {self.answer}")
        except BaseException:
            self.close()
            raise

    def alive(self) -> bool:
        """Whether a line still goes there and back."""
        self.say("?")
        return self.line() == "alive"


def ask(jail: str, proto: str, source: str, to: str, port: int, seconds: float) -> dict[str, Any]:
    """One question from a jail, "" for the host; see peer_client.py for the answer."""
    words = (proto, source or "-", to, str(port), f"{seconds:g}")
    command = argv(jail, "peer_client.py", *words)
    said = run(*command, seconds=seconds + PATIENCE)
    try:
        answer: dict[str, Any] = json.loads(said.out)
    except ValueError:
        raise ToolError(f"{' '.join(command)}: {said}") from None
    return answer
