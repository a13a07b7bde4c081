"""promises.toml: what must never, or always, be reachable, whatever the declarations say."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from jailpf.declare import toml
from jailpf.declare.schema import Keys, Reader, key
from jailpf.errors import ConfigError, Place
from jailpf.system import files
from jailpf.values import Network, Port, Protocol
from jailpf.values.base import text

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "promises.toml"
Kind = Literal["outside", "host", "any", "jail", "network"]


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody in a promise: "outside", "host", "any", "jail:PATTERN" (`*` stands for any letters), an address or network."""

    kind: Kind
    word: str
    network: Network | None = None

    @classmethod
    def parse(cls, raw: object) -> Whom:
        """From text. Raises ValueError."""
        word = text(raw, "a sender or receiver of a promise")
        if word in ("outside", "host", "any"):
            return cls(word, word)  # type: ignore[arg-type]
        if word.startswith("jail:"):
            if not re.fullmatch(r"[A-Za-z0-9_.:+@*-]+", word[5:], re.ASCII):
                raise ValueError(
                    f'{word[5:]!r} is neither the name of a jail nor a pattern; write "jail:web" or "jail:*"'
                )
            return cls("jail", word[5:])
        try:
            return cls("network", word, Network.parse(word))
        except ValueError:
            raise ValueError(
                f'{word!r} is not a sender; write "outside", "host", "any", "jail:NAME", an address or a network'
            ) from None

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text, with examples."""
        return {"type": "string", "examples": ["outside", "host", "any", "jail:db", "jail:web-*", "198.51.100.0/24"]}

    def is_jail(self, name: str) -> bool:
        """Whether it means that jail."""
        return self.kind == "jail" and fnmatchcase(name, self.word)

    def __str__(self) -> str:
        return f"jail:{self.word}" if self.kind == "jail" else self.word


class Sentence(str):
    """One sentence for people."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Sentence:
        """From text of one line. Raises ValueError."""
        sentence = text(raw, "a reason")
        if not sentence.isprintable():
            raise ValueError("a reason is one line of text")
        return cls(sentence)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Any text."""
        return {"type": "string"}


class Promise(Keys):
    """Who must never, or always, reach whom."""

    source: tuple[Whom, ...] = key(Whom, "The senders.", name="from", many=True, required=True, filled=True)
    to: tuple[Whom, ...] = key(Whom, "The receivers.", many=True, required=True, filled=True)
    port: tuple[Port, ...] = key(
        Port, "The port on which it arrives, a range, or several.", many=True, shown="every port"
    )
    proto: Protocol | None = key(Protocol, "The protocol.", shown="tcp and udp with `port`, else all but ICMP")
    but: tuple[Whom, ...] = key(Whom, "Senders that the promise does not apply to.", name="except", many=True)
    why: Sentence | None = key(Sentence, "The reason, for those who read the promise later.")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to protocols that have them; who outside reaches whom outside is no business of this host."""
        if self.port and self.proto is not None and not self.proto.has_ports:
            yield "port", f"{self.proto} has no ports; leave `port` out"
        if all(one.kind == "outside" for one in (*self.source, *self.to)):
            yield "to", 'promises are about this host; write jails ("jail:*") or "host" in `from` or `to`'


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise as it stands in the file. word: "never" or "always"."""

    word: Literal["never", "always"]
    promise: Promise
    place: Place

    def __str__(self) -> str:
        one = self.promise
        words = [self.word, "from", _all(one.source), "to", _all(one.to)]
        words += ["port", _all(one.port)] if one.port else []
        words += [str(one.proto)] if one.proto else []
        words += ["except", _all(one.but)] if one.but else []
        return " ".join(words) + (f" ({one.why})" if one.why else "")


def there(settings_file: str) -> bool:
    """Whether the host has promises."""
    return not files.absent(os.path.join(os.path.dirname(settings_file), FILE))


def read(settings_file: str) -> list[Promised]:
    """The promises beside jailpf.toml; [] when there is no such file. Raises ConfigError with all problems."""
    return read_file(os.path.join(os.path.dirname(settings_file), FILE)) if there(settings_file) else []


def read_file(file: str) -> list[Promised]:
    """The promises of a file. Raises ConfigError with all problems."""
    reader = Reader(toml.load(file, ConfigError))
    data = reader.document.data
    reader.unknown((), data, ("never", "always"), FILE)
    found = []
    for word in ("never", "always"):
        tables = data.get(word, [])
        if not isinstance(tables, list):
            reader.wrong((word,), f"{word} is written as [[{word}]], once for each promise")
            continue
        for number, table in enumerate(tables):
            path = (word, number)
            made = reader.read(Promise, path, reader.table(path, table, f"[[{word}]]"))
            if made:
                found.append(Promised(word, made, reader.place(path)))
    if reader.problems:
        raise ConfigError(sorted(reader.problems, key=lambda problem: problem.place or ()))
    return sorted(found, key=lambda one: one.place)


def _all(words: tuple[object, ...]) -> str:
    return ",".join(map(str, words))
