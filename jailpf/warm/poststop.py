"""`poststop`: what the record says is loaded goes, unless its jail runs."""

import os

from jailpf.state import index, seal, writes
from jailpf.state.lock import Lock
from jailpf.state.rundir import is_private
from jailpf.system import living, spawn
from jailpf.warm import DONE, Form


def poststop(form: Form) -> str | None:
    """What was done, None when it has to be done in full. Raises OSError, ValueError, TimeoutError for the same."""
    run, record = form.run, form.run.record(form.name)
    if not os.path.lexists(run.path):
        return ""
    if not is_private(run.path):
        return None
    with Lock(run):
        if os.path.lexists(record + ".new"):
            return None
        if not os.path.lexists(record):
            writes.remove(run.start(form.name))
            return ""
        first, _, rest = seal.read(seal.RECORD, record).decode("utf-8", "surrogateescape").partition("\n")
        done = _take_away(form, int(first.removeprefix("jid ")), rest.partition("{")[0].split("\n")[:-1])
        if done:
            writes.remove(record)
            writes.remove(run.start(form.name))
        return done


def _take_away(form: Form, jid: int, lines: list[str]) -> str | None:
    """Do what the lines of a record say (state/records.py)."""
    said: dict[str, list[str]] = {"jls": [""], "anchor": [], "label": [], "nat": [], "own": []}
    for line in lines:
        word, _, rest = line.partition(" ")
        said[word] = [*(said.get(word, ()) if word != "jls" else ()), rest]
    if not lines or not all(spawn.is_trusted(one) for one in (*said["pfctl"], *said["jls"]) if one):
        return None
    if living.keeps(form.jail, said["name"][0], jid, said["jls"][0]):
        return None
    (pfctl,) = said["pfctl"]
    if not all(anchor.endswith(form.jail) for anchor in said["anchor"]):  # records.is_own knows more
        return None
    text = index.read(form.run)
    own = [address for address in said["own"] if not index.holds(form.run, text, form.name, address)]
    for anchor in said["anchor"]:  # rules first, so that no new state appears
        tables, _, path = anchor.partition(" ")
        for words in (["-f", "/dev/null"], *([["-F", "Tables"]] if tables == "1" else ())):
            if spawn.run([pfctl, "-a", path, *words])[0]:
                return None
    kills = [[pfctl, "-k", "label", "-k", label] for label in said["label"]]
    if living.kills_by_nat():
        kills += [[pfctl, "-k", "nat", "-k", address] for address in said["nat"] if address in own]
    if any(answer[0] for answer in spawn.together(kills)):
        return None
    if own:
        status, out, _ = spawn.run([pfctl, "-P", "-vv", "-s", "states"])
        if status or any(spawn.run([pfctl, "-k", "id", "-k", one])[0] for one in ids(out, own)):
            return None
    return DONE["poststop"]


def ids(out: bytes, own: list[str]) -> list[str]:
    """What `-k id` takes, of all states in what pfctl prints that name one of the addresses."""
    raw = [address.encode() for address in own]
    if not any(address in out for address in raw):
        return []
    found, state = [], b""
    for line in out.split(b"\n"):
        if line[:1] not in (b" ", b"\t", b""):
            state = line if any(address in line for address in raw) else b""
        elif state and line.lstrip().startswith(b"id: ") and _hosts(state.decode("ascii", "replace")) & set(own):
            words = line.decode("ascii", "replace").split()
            found.append(words[1] + (f"/{words[3]}" if words[2:3] == ["creatorid:"] else ""))
    return found


def _hosts(state: str) -> set[str]:
    """Every host in a state's first line: `A:p (B:p) -> C:p`, IPv6 as `A[p]`."""
    words = state.replace("(", " ").replace(")", " ").split()[2:]
    return {word.partition("[")[0] if "[" in word or word.count(":") > 1 else word.partition(":")[0] for word in words}
