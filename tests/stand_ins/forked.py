"""A process of jailpf's entry point, forked from one that has imported it: what it does is the same, and it starts
in a tenth of the time. Tests of the start itself (imports, descriptors, limits, signals) run the program.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coverage import Coverage

import jailpf
import jailpf_adapters
import jailpf_plugins
from stand_ins import nowhere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "sh",
        *(
            name
            for package in (jailpf, jailpf_adapters, jailpf_plugins)
            for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        ),
    ]
)


def run(
    words: Sequence[str], env: Mapping[str, str], timeout: float, path: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """`jailpf WORDS` with this environment and nothing on standard input: what it printed, and its exit status.

    path: folders where modules are found besides. Raises subprocess.TimeoutExpired after `timeout` seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = (list(words), dict(env), list(path), os.getcwd(), folder, nowhere.begun)
        process = SERVER.Process(target=_enter, args=given)
        process.start()
        process.join(timeout)
        status = process.exitcode
        if status is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), timeout)
        process.close()
        out, err = ((Path(folder) / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(list(words), status, out, err)


def _enter(words: list[str], env: dict[str, str], path: list[str], cwd: str, folder: str, apart: bool) -> None:
    if apart:
        nowhere.begin()
    if measured := Coverage.current():
        for lines in measured._collector.data.values():
            lines.clear()  # what the imports ran is written once, and not by each process
    for number, name, how in ((0, os.devnull, os.O_RDONLY), (1, "out", os.O_WRONLY), (2, "err", os.O_WRONLY)):
        opened = os.open(os.path.join(folder, name), how | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "r" if n == 0 else "w", closefd=False) for n in range(3))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path += path
    sys.argv = ["jailpf", *words]
    from jailpf.__main__ import main

    sys.exit(main())
