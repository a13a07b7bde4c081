"""A host with jailpf on it, in a folder: settings, declarations, a stand-in pfctl and jls, or the simulated pf."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stand_ins import forked, nowhere
from stand_ins.swift import PROGRAM, swift

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from jailpf.lifecycle.session import Session
    from jailpf.pf import Pf

HERE = Path(__file__).parent
MAIN = """\
table <ext_ip4> { 203.0.113.1 }
table <ext_ip6> { 2001:db8::1 }
nat-anchor "jailpf/*"
binat-anchor "jailpf/*"
rdr-anchor "jailpf/*"
block all
anchor "jailpf/*"
"""
SPLIT = "".join(
    line.replace("jailpf/*", f"{way}/*") + "\n"
    for line in MAIN.splitlines()
    for way in (("nat", "rdr", "binat", "filter") if "anchor" in line else ("",))
    if "anchor" not in line or line.startswith("anchor" if way == "filter" else f"{way}-anchor")
)
HOST = '[host]\next_if = "em0"\next_ip4 = "<ext_ip4>"\next_ip6 = "<ext_ip6>"\n'


def web(port: int | str = 80, ip4: str = "172.16.15.16") -> str:
    """A declaration: one service."""
    return f'[service.http]\nport = {port}\n\n[jail]\nip4 = "{ip4}"\n'


class Machine:
    """`root` holds everything. pf: "pfctl" (the stand-in) or "simulated"."""

    def __init__(self, root: Path, pf: str = "pfctl", host: str = HOST, top: str = "") -> None:
        self.root, self.pf_name = root, pf
        self.toml, self.run_dir, self.bin = root / "etc/jailpf.toml", root / "run", root / "bin"
        self.state = self.bin / "pfctl.state"
        for folder in (self.bin, root / "etc/jails", self.state / "anchors"):
            folder.mkdir(parents=True)
        self.install("pfctl", PROGRAM)
        (self.state / "main").write_text(MAIN)
        self.settings(top, host)

    def install(self, name: str, source: str) -> Path:
        """A program. -S: without site-packages it starts in half the time."""
        path = self.bin / name
        path.write_text(f"#!{sys.executable} -IS\n{source}")
        path.chmod(0o755)
        return path

    def settings(self, top: str = "", host: str = HOST, programs: Sequence[str] = ("pfctl", "jls")) -> None:
        """Write jailpf.toml. programs: those that [programs] names."""
        named = "".join(f'{name} = "{self.bin / name}"\n' for name in programs)
        self.toml.write_text(f'{top}pf = "{self.pf_name}"\n{host}\n[programs]\n{named}')

    def jail(self) -> None:
        """Install the stand-in for jail(8). It needs nothing but jailpf and the standard library."""
        source = f"import runpy, sys\nsys.path.insert(0, {str(HERE.parents[1])!r})\n"
        self.install("jail", f"{source}runpy.run_path({str(HERE / 'jail.py')!r}, run_name='__main__')\n")

    def card(self) -> None:
        """Give it an ifconfig(8) that has em0, and no listeners: a process of its own asks a FreeBSD that it runs on."""
        said = "em0: flags=1008843<UP,RUNNING> metric 0 mtu 1500\\n\\tinet 203.0.113.1 netmask 0xffffff00\\n"
        _put(self.bin / "ifconfig", f"#!/bin/sh\nprintf '{said}'\n", 0o755)
        _put(self.bin / "sockstat", "#!/bin/sh\n", 0o755)
        self.settings(programs=("pfctl", "jls", "ifconfig", "sockstat"))

    def declare(self, name: str, text: str | None = None) -> Path:
        """Write a jail's file."""
        path = self.root / f"etc/jails/{name}.toml"
        path.write_text(web() if text is None else text)
        return path

    def running(self, *names: str, jid: int = 1) -> None:
        """What jls(8) answers from now on."""
        jails = self.bin / "jls.json"
        _put(jails, json.dumps({name: {"jid": jid} for name in sorted(names)}))
        listing = [{"name": name, "jid": str(jid)} for name in sorted(names)]
        _put(self.bin / "jls.out", json.dumps({"__version": "2", "jail-information": {"jail": listing}}))
        script = f'case "$1" in -j|jid) exec {sys.executable} -IS {HERE / "jls.py"} {jails} "$@";; esac\ncat {self.bin}/jls.out\n'
        _put(self.bin / "jls", "#!/bin/sh\n" + script, 0o755)

    def arguments(self, *words: str) -> list[str]:
        """The command line of a hook, as `attach` writes it."""
        program = ["-B", str(HERE / "nowhere.py")] if nowhere.begun else ["-m", "jailpf"]
        return [sys.executable, "-I", *program, "-c", str(self.toml), "--run", str(self.run_dir), *words]

    def jailpf(
        self, *words: str, status: int | None = 0, env: Mapping[str, str] | None = None, process: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line as the entry point does; its exit status must be `status` unless that is None.

        process: in one of its own, with the real entry point, as always beside the main thread.
        """
        if process or threading.current_thread() is not threading.main_thread():
            done = forked.run(self.arguments(*words)[4:], {**os.environ, **(env or {})}, 60)
        else:
            with self.swift():
                done = _here(self.arguments(*words)[4:], env or {})
        if status is not None:
            assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def swift(self) -> AbstractContextManager[None]:
        """Within, the stand-in pfctl is called and not started, where that makes no difference."""
        return swift(self.bin / "pfctl")

    def session(self, **given: Any) -> Session:
        """The same within this process."""
        from jailpf.lifecycle.session import Session

        return Session(file=str(self.toml), run=str(self.run_dir), **given)

    def pf(self) -> Pf:
        """The pf that jailpf drives here."""
        return self.session().pf

    def calls(self) -> list[str]:
        """The command lines of pfctl so far, blanks between words; and forget them."""
        log = self.state / "log"
        found = log.read_text().replace("\x1f", " ").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    def changes(self) -> list[str]:
        """Those of `calls` that do not only look."""
        looking = (" -s ", " -n ", " -T show ")
        return [call for call in self.calls() if not any(word in f" {call} " for word in looking)]

    def mood(self, words: str, what: str, times: int = 1_000_000) -> None:
        """How pfctl answers arguments in which the pattern `words` is found (see pfctl.py)."""
        with (self.state / "moods").open("a") as opened:
            opened.write(f"{words}\t{what}\t{times}\n")

    def calm(self) -> None:
        """No moods any more, and forgotten which program hung."""
        from jailpf.system import spawn

        spawn.silent.clear()
        (self.state / "moods").unlink(missing_ok=True)

    def states(self, *lines: str) -> None:
        """The state table: ID|LABELS|NAT SOURCE|LINE."""
        (self.state / "states").write_text("".join(line + "\n" for line in lines))

    def state_ids(self) -> list[str]:
        """The ids that are left."""
        return [line.split("|")[0] for line in (self.state / "states").read_text().splitlines()]

    def anchors(self) -> dict[str, str]:
        """What the stand-in pfctl holds: path -> text."""
        folder = self.state / "anchors"
        return {path.name.replace("%", "/"): path.read_text() for path in sorted(folder.iterdir())}

    def tree(self) -> dict[str, bytes]:
        """Every file below `root` but logs, locks, and how long hooks took."""
        skip = ("log", "lock", "simulated.json.lock", "took")
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name not in skip
        }

    def records(self) -> list[str]:
        """The names of the files in the folder of records."""
        folder = self.run_dir / "records"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _here(words: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same as a process would do, in this one."""
    from jailpf import warm
    from jailpf.cli import main
    from jailpf.lifecycle import prestart
    from jailpf.state import lock
    from jailpf.system import spawn

    out, err = io.StringIO(), io.StringIO()
    before, nothing = dict(os.environ), open(os.devnull)  # noqa: SIM115 - closed below
    stdin, sys.stdin = sys.stdin, nothing
    spawn.silent.clear()
    lock.given_up, lock.who = b"", ""
    os.environ.update(env)
    tick, prestart.TICK = (
        prestart.TICK,
        -(10**18),
    )  # what was written just now is old, as it is when a process has started
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = warm.hook(words)
            if status is None:
                status = main(words)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdin, prestart.TICK = stdin, tick
        nothing.close()
        os.environ.clear()
        os.environ.update(before)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def _put(file: Path, text: str, mode: int = 0o644) -> None:
    """Whoever reads just now reads the old or the new."""
    staged = file.with_name(file.name + ".new")
    staged.write_text(text)
    staged.chmod(mode)
    staged.replace(file)
