"""Records: what is loaded for a jail now, and all that poststop needs to take it away again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.model import Anchor, Jail
from jailpf.state import rundir
from jailpf.state.claim import Claim
from jailpf.state.rundir import file_name
from jailpf.values import Address

if TYPE_CHECKING:
    from jailpf.state.rundir import RunDir

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was loaded. labels: those of its pass rules; plugins: third parties to tell when it stops; names: the jails
    that its declaration names, "*" for a pattern of them.
    """

    jail: str
    running_name: str
    file: str
    settings: str
    pf: str
    pfctl: str
    anchors: tuple[Anchor, ...]
    labels: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    shared: bool = False
    vnet: bool = False
    path: str = ""
    plugins: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    names: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """JSON, one line."""
        plain = {
            name: getattr(self, name)
            for name in ("jail", "running_name", "file", "settings", "pf", "pfctl", "shared", "vnet", "path")
        }
        plain |= {name: list(getattr(self, name)) for name in ("labels", "addresses", "plugins", "names")}
        plain["anchors"] = [{"path": anchor.path, "text": anchor.text} for anchor in self.anchors]
        plain["claims"] = [claim.to_json() for claim in self.claims]
        return json.dumps({"version": VERSION, **plain}).encode() + b"\n"

    @classmethod
    def from_bytes(cls, raw: bytes) -> Record:
        """The opposite. Raises ValueError for anything that is not a whole record of this version."""
        try:
            data = json.loads(raw)
            if data.pop("version") != VERSION:
                raise ValueError("a record of another version of jailpf")
            data["anchors"] = tuple(Anchor(str(anchor["path"]), str(anchor["text"])) for anchor in data["anchors"])
            data["claims"] = tuple(map(Claim.from_json, data["claims"]))
            for name in ("labels", "addresses", "plugins", "names"):
                data[name] = tuple(map(str, data.get(name, ())))
            record = cls(**data)
            for name in ("jail", "running_name", "file", "settings", "pf", "pfctl", "path"):
                if not isinstance(getattr(record, name), str):
                    raise TypeError(name)
            record.as_jail()
            return record
        except (KeyError, TypeError, AttributeError) as wrong:
            raise ValueError(f"not a record: {wrong!r}") from None

    def as_jail(self) -> Jail:
        """The jail as it was when this was loaded."""
        return Jail(
            name=self.jail, addresses=tuple(map(Address.parse, self.addresses)), vnet=self.vnet, shared=self.shared,
            path=self.path, running_name=self.running_name, known_by="record",
        )  # fmt: skip


def read(run: RunDir, jail: str) -> tuple[Record | None, Record | None, str]:
    """(what is loaded, what was being loaded when jailpf died, what is wrong with the files or "")."""
    found: list[Record | None] = []
    wrong = ""
    for path in (run.record(file_name(jail)), run.record(file_name(jail)) + ".new"):
        try:
            found.append(Record.from_bytes(rundir.read(path)))
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
    return sorted({name.removesuffix(".new").removesuffix(".json") for name in files if not name.startswith(".")})


def everything(run: RunDir) -> list[Record]:
    """All records that can be read; of a jail that was being loaded also the new one."""
    return [record for name in names(run) for record in read(run, name)[:2] if record]
