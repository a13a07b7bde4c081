"""A host in a folder: its programs are stand-ins, its files are the test's."""

from __future__ import annotations

import importlib
import io
import json
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jailpf import registry
from jailpf.declare.settings import PROGRAMS, Settings
from jailpf.system import programs

if TYPE_CHECKING:
    from jailpf.managers.adapter import Adapter

HERE = Path(__file__).parent


class Host:
    """`settings` names stand-ins for every program, and files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inside: dict[str, tuple[str, str, tuple[str, ...]]] = {}
        self.whole = programs.ask
        self.programs = {name: str(root / "bin" / name) for name in PROGRAMS}
        self.managers: dict[str, dict[str, str]] = {
            "jail_conf": {"file": str(root / "etc/jail.conf")},
            "bastille": {"conf": str(root / "bastille/bastille.conf")},
            "iocage": {"program": str(root / "bin/iocage")},
        }
        for folder in ("bin", "jailpf/jails"):
            (root / folder).mkdir(parents=True)
        self.program("jail", HERE / "jail.py")
        self.running({})
        self.says("ifconfig", {})

    @property
    def settings(self) -> Settings:
        return Settings(
            file=str(self.root / "jailpf/jailpf.toml"),
            run=str(self.root / "run"),
            programs=self.programs,
            managers=self.managers,
        )

    @property
    def adapters(self) -> list[Adapter]:
        """Made anew: each reads its files once."""
        return registry.build().adapters(self.settings)

    def adapter(self, name: str, settings: Settings | None = None) -> Any:
        """One of jailpf's own, in use or not, with the others beside it."""
        settings, known = settings or self.settings, registry.build()
        made = known.adapter_type(name)(settings)
        made.adapters = [*(one for one in known.adapters(settings) if one.name != name), made]
        return made

    def file(self, name: str, text: str) -> str:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def program(self, name: str, script: Path, *args: str) -> None:
        words = shlex.join([sys.executable, "-I", str(script), *args])
        log = shlex.quote(str(self.root / "bin" / f"{name}.log"))
        text = f'#!/bin/sh\necho "$@" >> {log}\nexec {words} "$@"\n'
        path = Path(self.file(f"bin/{name}", text))
        path.chmod(0o755)
        self.inside[str(path)] = (text, script.stem, args)

    def ask(self, program: str, *args: str, **more: Any) -> programs.Answer:
        """What `programs.ask` would answer, without a process for a stand-in that nobody has replaced."""
        text, module, given = self.inside.get(program, ("", "", ()))
        if not module or Path(program).read_text(errors="replace") != text:
            return self.whole(program, *args, **more)
        programs.files.must_be_trusted(program)
        if programs.trace is not None:
            programs.trace([program, *args])
        with open(f"{program}.log", "a") as log:
            log.write(" ".join(args) + "\n")
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            main = importlib.import_module(f"stand_ins.{module}").main
            status = main([*given, *args]) if module == "jail" else main(*given, list(args))
        said = []
        for stream in (out, err):
            stream.flush()
            said.append(stream.buffer.getvalue().decode("utf-8", "surrogateescape"))  # type: ignore[attr-defined]
        return programs.Answer(status, *said)

    def calls(self, name: str) -> list[str]:
        log = self.root / "bin" / f"{name}.log"
        return log.read_text().splitlines() if log.exists() else []

    def running(self, jails: dict[str, dict[str, Any]]) -> None:
        self.program("jls", HERE / "jls.py", self.file("bin/jls.json", json.dumps(jails)))

    def says(self, name: str, answers: dict[str, Any]) -> None:
        """Exact arguments -> stdout, or [exit status, stdout, stderr]."""
        whole = {args: [0, said, ""] if isinstance(said, str) else said for args, said in answers.items()}
        self.program(name, HERE / "said.py", self.file(f"bin/{name}.json", json.dumps(whole)))

    def jail_conf(self, text: str) -> str:
        return self.file("etc/jail.conf", text)

    def iocage(self, configs: dict[str, Any], defaults: dict[str, Any] | None = None) -> None:
        self.managers["iocage"]["root"] = str(self.root / "iocage")
        (self.root / "iocage/jails").mkdir(parents=True, exist_ok=True)
        for name, config in configs.items():
            self.file(f"iocage/jails/{name}/config.json", json.dumps(config, indent=4, sort_keys=True))
        if defaults is not None:
            self.file("iocage/defaults.json", json.dumps(defaults, indent=4, sort_keys=True))

    def bastille(self, jails: dict[str, str]) -> None:
        self.file("bastille/bastille.conf", f'bastille_prefix="{self.root}/bastille"  ## default\n')
        for name, text in jails.items():
            self.file(f"bastille/jails/{name}/jail.conf", text)
