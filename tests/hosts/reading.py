"""The files of this folder: a host as its programs describe it, pf.conf, questions, and an answer below each.

    # What kind of host this is.
    == host                 what `ifconfig -a` prints; if need be `netstat -rn` and sysctl(8) after it
    == jails                NAME [vnet INTERFACE] ADDRESS...
    == pf.conf              the main ruleset
    == anchor PATH          what is loaded there
    == questions            a question of `jailpf trace` a line, and in the line below it, indented, the answer

An answer is the sentence that `jailpf trace` prints; of the reason behind the colon a part is enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jailpf.errors import UsageError
from jailpf.insight.answer import answered, sentence
from jailpf.insight.question import ask
from jailpf.insight.world import World
from jailpf.pf.simulated.explain import rebuild
from jailpf.pf.simulated.host.described import described

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class HostFile:
    """One file, in its parts."""

    text: str

    @property
    def parts(self) -> dict[str, str]:
        """Heading -> text."""
        words = re.split(r"^== (.*)\n", self.text, flags=re.MULTILINE)
        return dict(zip(words[1::2], words[2::2], strict=True))

    def questions(self) -> list[tuple[str, str]]:
        """Each with its answer."""
        lines = [line for line in self.parts["questions"].splitlines() if line and not line.startswith("#")]
        assert all(line[0] != "\t" for line in lines[::2])
        assert all(line[0] == "\t" for line in lines[1::2])
        return list(zip(lines[::2], (line.strip() for line in lines[1::2]), strict=True))

    def world(self) -> World:
        """The host with pf as it is loaded there."""
        parts = self.parts
        topology = described(parts["host"], parts["host"], parts["host"])
        for line in parts.get("jails", "").splitlines():
            if words := line.split():
                name, vnet, *rest = (words[0], words[1] == "vnet", *words[1:])
                where, addresses = (rest[1].split(","), rest[2:]) if vnet else ("", rest)
                held = [name for name, one in topology.interfaces.items() if one.loopback and name != topology.lo0]
                topology.add_jail(name, addresses, where or (held or [topology.lo0])[0], vnet)
        pf = rebuild(parts["pf.conf"], topology=topology)
        for title, text in parts.items():
            if title.startswith("anchor "):
                pf.load(title.removeprefix("anchor "), text)
        return World(pf, {})

    def answer(self, world: World, question: str) -> str:
        """The sentence of `jailpf trace`."""
        try:
            asked = ask(world, cast("Any", None), question.split())
            return sentence(asked, answered(world, asked))
        except UsageError as wrong:
            return f"is no question: {wrong}"

    def renamed(self, names: dict[str, str]) -> HostFile:
        """The same host with other names of interfaces, everywhere."""
        word = re.compile(r"(?<![\w.</-])(" + "|".join(map(re.escape, names)) + r")(?![\w.>/-])")
        return HostFile(word.sub(lambda found: names[found[1]], self.text))


def agrees(said: str, wanted: str) -> bool:
    """Whether an answer is the one that is wanted."""
    verdict, colon, reason = wanted.partition(": ")
    has, _, why = said.partition(": ")
    return has == verdict and (not colon or reason in why)


def files() -> list[Path]:
    """All of them."""
    return sorted(FOLDER.glob("*.host"))
