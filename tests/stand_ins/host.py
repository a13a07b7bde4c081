"""A host in a folder: its programs are stand-ins, its files are the test's."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from jailpf.declare.settings import PROGRAMS, Managers, Settings

HERE = Path(__file__).parent


class Host:
    """`settings` names stand-ins for every program, and files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = {name: str(root / "bin" / name) for name in PROGRAMS}
        self.managers = Managers(
            jail_conf=str(root / "etc/jail.conf"), bastille_conf=str(root / "bastille/bastille.conf"), iocage_root=""
        )
        (root / "bin").mkdir()
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

    def file(self, name: str, text: str) -> str:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def program(self, name: str, script: Path, *args: str) -> None:
        words = shlex.join([sys.executable, "-I", str(script), *args])
        log = shlex.quote(str(self.root / "bin" / f"{name}.log"))
        path = Path(self.file(f"bin/{name}", f'#!/bin/sh\necho "$@" >> {log}\nexec {words} "$@"\n'))
        path.chmod(0o755)

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
        self.managers = replace(self.managers, iocage_root=str(self.root / "iocage"))
        (self.root / "iocage/jails").mkdir(parents=True, exist_ok=True)
        for name, config in configs.items():
            self.file(f"iocage/jails/{name}/config.json", json.dumps(config, indent=4, sort_keys=True))
        if defaults is not None:
            self.file("iocage/defaults.json", json.dumps(defaults, indent=4, sort_keys=True))

    def bastille(self, jails: dict[str, str]) -> None:
        self.file("bastille/bastille.conf", f'bastille_prefix="{self.root}/bastille"  ## default\n')
        for name, text in jails.items():
            self.file(f"bastille/jails/{name}/jail.conf", text)
