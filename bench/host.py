"""A host to measure on: settings, jails, a stand-in pfctl that takes as long as it is told, and how programs are timed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cases = dict[str, tuple[Callable[[], object], list[str]]]

ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "HOME": "/root"}
VERBS = ("prestart", "created", "poststop")
PFCTL = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[argc - 1] : "";
#ifdef LOG
    FILE *log = fopen(LOG, "a");
    fputs("x", log);
    fclose(log);
#endif
    if (COST) usleep(COST);
    if (!strcmp(what, "Running")) puts("Enabled");
    if (!strcmp(what, "nat")) puts("nat-anchor \"jailpf/*\" all\nrdr-anchor \"jailpf/*\" all");
    if (!strcmp(what, "rules")) puts("anchor \"jailpf/*\" all");
    return 0;
}
"""
SHELL = """\
#!/bin/sh
[ COST = 0 ] || sleep SECONDS
for what; do :; done
case "$what" in
Running) echo Enabled ;;
nat) echo 'nat-anchor "jailpf/*" all'; echo 'rdr-anchor "jailpf/*" all' ;;
rules) echo 'anchor "jailpf/*" all' ;;
esac
"""
JAIL = """\
[service.http]
port = [{http}, {https}]
[service.imap]
port = {imap}
[service.smtp]
port = {smtp}
from = "192.0.2.0/24"
[service.alt]
port = 8080
rdr = {{ port = {alt}, to = "203.0.113.{outside}" }}
[jail]
ip4 = "10.1.{third}.{fourth}"
"""
SETTINGS = """\
[host]
ext_if = "em0"
ext_ip4 = "203.0.113.1"
nat = "(em0:0)"
[programs]
pfctl = "PFCTL"
jls = "/usr/bin/true"
"""


def declare(folder: Path, jails: int, more: str = "") -> None:
    """That many jails of four services, each on ports of its own: no two claim one. more: what each declares besides."""
    (folder / "jails").mkdir(parents=True)
    for number in range(jails):
        text = JAIL.format(
            http=10000 + number * 2, https=10001 + number * 2, imap=20000 + number, smtp=30000 + number,
            alt=40000 + number, outside=number % 200 + 20, third=number // 250, fourth=number % 250 + 1,
        )  # fmt: skip
        (folder / "jails" / f"j{number}.toml").write_text(more + text)


class Bench:
    """A folder with settings, jails and a stand-in pfctl, and the targets that were missed."""

    def __init__(self, root: Path, rounds: int) -> None:
        self.root, self.rounds = root, rounds
        self.missed: list[str] = []
        self.processor: dict[str, float] = {}  # seconds of it that each case has used, with its programs, at the least
        self.pfctls = {cost: self.pfctl(cost) for cost in (0, 3, 10)}

    def pfctl(self, milliseconds: int) -> Path:
        path = self.root / f"pfctl{milliseconds}"
        compiler = shutil.which("cc")
        if compiler:
            source = self.root / "pfctl.c"
            source.write_text(PFCTL)
            subprocess.run([compiler, "-O1", f"-DCOST={milliseconds * 1000}", "-o", path, source], check=True)
        else:
            path.write_text(SHELL.replace("COST", str(milliseconds)).replace("SECONDS", f"{milliseconds / 1000}"))
            path.chmod(0o755)
        return path

    def host(self, name: str, cost: int, jails: int) -> tuple[list[str], Path]:
        """(leading arguments, run directory) of a host with that many jails of four services."""
        folder = self.root / name
        folder.mkdir(parents=True)
        (folder / "jailpf.toml").write_text(SETTINGS.replace("PFCTL", str(self.pfctls[cost])))
        declare(folder, jails)
        return ["-c", str(folder / "jailpf.toml"), "--run", str(folder / "run")], folder / "run"

    def compare(self, cases: dict[str, tuple[Callable[[], object], list[str]]]) -> dict[str, float]:
        """{name: least seconds} of programs that are run in turn. Each case: what to do before, and its argv."""
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for number in range(self.rounds + 2):
            for name, (before, argv) in cases.items():
                before()
                both = measured(argv)
                if number > 1:
                    times[name].append(both)
        self.processor |= {name: min(used for _, used in found) for name, found in times.items()}
        return {name: min(passed for passed, _ in found) for name, found in times.items()}

    def life(self, start: list[str], common: list[str], state: Path, jail: str, name: str) -> Cases:
        """The three hooks of an unchanged jail, each as it comes after the one before."""
        run([*start, *common, "prestart", jail])  # from now on there is a plan
        record = state / f"records/{jail}.json"

        def at(verb: str) -> Callable[[], object]:
            def before() -> None:
                if verb == "poststop" and not record.exists():
                    run([*start, *common, "prestart", jail])
                    run([*start, *common, "created", jail])
                elif verb != "poststop" and record.exists():
                    run([*start, *common, "poststop", jail])
                if verb == "created":
                    run([*start, *common, "prestart", jail])

            return before

        return {f"{verb}, {name}": (at(verb), [*start, *common, verb, jail]) for verb in VERBS}

    def one(self, cost: int) -> tuple[list[str], Path]:
        """A host with one jail of its own."""
        return self.host(f"one{len(list(self.root.iterdir()))}", cost, 1)

    def runs(self, start: list[str]) -> int:
        """How many pfctl the life of an unchanged jail takes."""
        log = self.root / "runs"
        compiler = shutil.which("cc")
        if not compiler:
            return 0
        counting = self.root / "pfctl-counting"
        source = self.root / "pfctl.c"
        subprocess.run([compiler, "-O1", "-DCOST=0", f'-DLOG="{log}"', "-o", counting, source], check=True)
        self.pfctls[-1] = counting
        common, _ = self.one(-1)
        for verb in (*VERBS, *VERBS):
            if verb == VERBS[0]:
                log.write_text("")
            run([*start, *common, verb, "j0"])
        return len(log.read_text())

    def target(self, what: str, value: float, most: float, unit: str) -> None:
        good = value <= most
        print(f"  {what}: {value:.2f} {unit} (target: at most {most:g}){'' if good else '   MISSED'}")
        if not good:
            self.missed.append(what)


def run(argv: list[str]) -> float:
    """Seconds that a program takes."""
    return measured(argv)[0]


def measured(argv: list[str]) -> tuple[float, float]:
    """(seconds that a program takes, those of a processor that it and its programs use)."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        argv[0], argv, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    )
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_utime + used.ru_stime


def nothing() -> None:
    pass
