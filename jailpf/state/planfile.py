"""Reading a plan: what jailpf.warm goes by. Nothing but `os` and `zlib`: it is on the path of every jail start."""

import os
from zlib import crc32

from jailpf.state import seal
from jailpf.state.rundir import RunDir, stamp


class Plan:
    """A plan that can be believed: sealed, of these settings, and none of its inputs has changed since.

    program: pfctl, "" where `created` has to look again; main: checksums of pf's main ruleset, "" where prestart has to;
    face: the jail's (`Jail.face`); links, addresses: the interfaces and addresses that the host must have, else prestart
    looks again; record: the body of the record to be; loads: [(anchor path, open descriptor of its text)]; claims: lines of the index.
    """

    def __init__(self) -> None:
        self.program = self.main = self.face = ""
        self.record = b""
        self.loads: list[tuple[str, int]] = []
        self.claims: list[str] = []
        self.links: list[str] = []
        self.addresses: list[str] = []

    def close(self) -> None:
        """Close the texts."""
        for _, descriptor in self.loads:
            os.close(descriptor)


def read(run: RunDir, name: str, settings: str) -> Plan | None:
    """The plan of a jail, by the name of its files; None when there is none that can be believed.

    Whoever gets one closes it. Raises OSError, ValueError for what is broken.
    """
    folder = run.plan(name)
    lines = seal.read(seal.PLAN, folder + "/plan").decode("utf-8", "surrogateescape").split("\n")
    if lines[0] != "settings " + settings:
        return None
    plan = Plan()
    try:
        for line in lines[1:-1]:
            word, _, rest = line.partition(" ")
            first, _, last = rest.partition(" ")
            if word == "input":
                if stamp(last) != first:
                    plan.close()
                    return None
            elif word == "load":
                plan.loads.append((last, _opened(f"{folder}/{len(plan.loads)}.pf", first)[0]))
            elif word == "record":
                descriptor, plan.record = _opened(folder + "/record", first)
                os.close(descriptor)
            elif word == "claim":
                plan.claims.append(rest)
            elif word == "link":
                plan.links.append(rest)
            elif word == "address":
                plan.addresses.append(rest)
            elif word == "face":
                plan.face = rest
            elif word == "pfctl":
                plan.program = rest
            elif word == "main":
                plan.main = rest
        return plan
    except (OSError, ValueError):
        plan.close()
        raise


def running_name(record: bytes) -> str:
    """What jls(8) calls the jail, by the body of its record; "" where that has to be read in full."""
    at = record.find(b"\nname ")
    return record[at + 6 : record.find(b"\n", at + 6)].decode("utf-8", "surrogateescape") if at >= 0 else ""


def _opened(path: str, checksum: str) -> tuple[int, bytes]:
    """(descriptor, content): what is handed to pfctl is what was looked at."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, status.st_size + 1)
        if status.st_uid != os.geteuid() or f"{crc32(content):08x}" != checksum:
            raise ValueError(f"{path} was changed after jailpf wrote it")
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, content
