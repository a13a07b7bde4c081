"""Records: what is loaded for a jail now, and all that poststop needs to take it away again.

A sealed file of lines that jailpf.warm reads without JSON, and one line of JSON with all of it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from jailpf.model import Anchor, Jail
from jailpf.state import rundir, seal
from jailpf.state.claim import Claim
from jailpf.state.rundir import file_name
from jailpf.values import Address
from jailpf.values.anchors import component, jail_label

if TYPE_CHECKING:
    from jailpf.state.rundir import RunDir

_WORDS = ("jail", "running_name", "file", "settings", "pf", "pfctl", "jls", "path")
_LISTS = ("labels", "addresses", "plugins", "names", "printed", "nat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was loaded. labels: those of its pass rules; plugins: third parties to tell when it stops; names: the jails
    that its declaration names (`Ruleset.names`).

    printed: for each anchor a digest of what pf prints of it, "" where that was not asked (lifecycle/compare.py);
    nat: the addresses that nat rules translate; jid: of the jail that it was loaded for, 0 when that is not known;
    jls: the program that knows which jails run, "" where there is none.
    """

    jail: str
    running_name: str
    file: str
    settings: str
    pf: str
    pfctl: str
    anchors: tuple[Anchor, ...]
    jls: str = ""
    jid: int = 0
    labels: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    shared: bool = False
    vnet: bool = False
    path: str = ""
    plugins: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    names: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    nat: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The file."""
        return seal.sealed(seal.RECORD, f"jid {self.jid}\n".encode() + self.body())

    def body(self) -> bytes:
        """Without the seal and the line of the jid, which `created` adds (jailpf/warm)."""
        plain = {name: getattr(self, name) for name in (*_WORDS, "shared", "vnet")}
        plain |= {name: list(getattr(self, name)) for name in _LISTS}
        plain["anchors"] = [{"path": anchor.path, "text": anchor.text} for anchor in self.anchors]
        plain["claims"] = [claim.to_json() for claim in self.claims]
        return self._stop().encode("utf-8", "surrogateescape") + json.dumps(plain).encode() + b"\n"

    def _stop(self) -> str:
        """What a poststop has to do, line by line; nothing where it takes more than pfctl."""
        if self.pf != "pfctl" or self.plugins:
            return ""
        own = () if self.shared else self.addresses
        try:
            lines = [seal.line(f"pfctl {self.pfctl}"), seal.line(f"name {self.running_name}")]
            lines += [seal.line(f"jls {self.jls}")] if self.jls else []
            lines += [seal.line(f"anchor {int(persists(one.text))} {one.path}") for one in reversed(self.anchors)]
            lines += [seal.line(f"label {label}") for label in self.killed_by()]
            lines += [seal.line(f"nat {address}") for address in self.nat if address in own]
            lines += [seal.line(f"own {address}") for address in own]
        except ValueError:
            return ""
        return "".join(lines)

    def killed_by(self) -> list[str]:
        """The labels whose states are the jail's: every pass rule of ours carries the jail's; a plugin may have chosen others."""
        return sorted({jail_label(self.jail), *(label for label in self.labels if not label.startswith("jailpf/"))})

    @classmethod
    def from_bytes(cls, raw: bytes) -> Record:
        """The opposite. Raises ValueError for anything that is not a whole record of this version, as it was written."""
        body = seal.opened(seal.RECORD, raw)
        try:
            data = json.loads(body.rstrip(b"\n").rpartition(b"\n")[2])
            data["anchors"] = tuple(Anchor(str(anchor["path"]), str(anchor["text"])) for anchor in data["anchors"])
            data["claims"] = tuple(map(Claim.from_json, data["claims"]))
            for name in _LISTS:
                data[name] = tuple(map(str, data[name]))
            first, _, number = body.partition(b"\n")[0].partition(b" ")
            if first != b"jid":
                raise TypeError("jid")
            record = cls(jid=int(number), **data)
            for name in _WORDS:
                if not isinstance(getattr(record, name), str):
                    raise TypeError(name)
            record.as_jail()
        except (KeyError, TypeError, AttributeError, RecursionError) as wrong:
            raise ValueError(f"not a record: {wrong!r}") from None
        for anchor in record.anchors:
            if not is_own(anchor.path, record.jail):
                raise ValueError(f"{anchor.path!r} is not an anchor of {record.jail}")
        return record

    def as_jail(self) -> Jail:
        """The jail as it was when this was loaded."""
        return Jail(
            name=self.jail, addresses=tuple(map(Address.parse, self.addresses)), vnet=self.vnet, shared=self.shared,
            path=self.path, running_name=self.running_name, known_by="record",
        )  # fmt: skip


def persists(text: str) -> bool:
    """Whether the text of an anchor makes tables that outlive its rules."""
    return any(line.startswith("table ") and " persist" in line for line in text.splitlines())


def is_own(path: str, jail: str) -> bool:
    """Whether an anchor of that path can be the jail's: every layout ends its paths with the jail's name, or a short form of it."""
    parts = path.split("/")
    if len(path) > 63 or len(parts) < 2 or not all(parts) or any(part[0] == "_" or "*" in part for part in parts):
        return False
    return parts[-1].endswith(jail) or any(parts[-1].endswith(component(jail, limit)) for limit in range(20, 64))


def read(run: RunDir, jail: str) -> tuple[Record | None, Record | None, str]:
    """(what is loaded, what was being loaded when jailpf died, what is wrong with the files or "")."""
    return at(run, file_name(jail))


@lru_cache(maxsize=4096)
def _parsed(raw: bytes) -> Record:
    """The same bytes are the same record: whoever loads many jails one by one looks at all records for each."""
    return Record.from_bytes(raw)


def at(run: RunDir, name: str) -> tuple[Record | None, Record | None, str]:
    """The same by the name of the file (`names`)."""
    found: list[Record | None] = []
    wrong = ""
    for path in (run.record(name), run.record(name) + ".new"):
        try:
            record = _parsed(rundir.read(path))
            if file_name(record.jail) != name:
                raise ValueError(f"is the record of {record.jail}")
            found.append(record)
        except FileNotFoundError:
            found.append(None)
        except (ValueError, OSError) as problem:
            found.append(None)
            wrong = f"{path}: {getattr(problem, 'strerror', None) or problem}"
    return found[0], found[1], wrong


def names(run: RunDir) -> list[str]:
    """The file names of all records, whole or being made, without ".json", sorted."""
    try:
        files = os.listdir(run.records)
    except FileNotFoundError:
        return []
    wanted = (
        name.removesuffix(".new").removesuffix(".json") for name in files if name.endswith((".json", ".json.new"))
    )
    return sorted(set(wanted))


def everything(run: RunDir) -> list[Record]:
    """All records that can be read; of a jail that was being loaded also the new one. The others: `unreadable`."""
    return both(run)[0]


def unreadable(run: RunDir) -> dict[str, str]:
    """What is wrong with each record that cannot be read, by the name of its file."""
    return both(run)[1]


def both(run: RunDir) -> tuple[list[Record], dict[str, str]]:
    """`everything` and `unreadable`, read once."""
    found = {name: at(run, name) for name in names(run)}
    good = [record for one in found.values() for record in one[:2] if record]
    return good, {name: one[2] for name, one in found.items() if one[2]}
