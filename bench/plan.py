"""`python bench/plan.py [JAILS]`: what `jailpf plan` of many jails takes, with the start of Python; nothing loaded, so all is new."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JAIL = """\
[service.http]
port = [{http}, {https}]
[service.smtp]
port = {smtp}
from = "192.0.2.0/24"
[service.alt]
port = 8080
rdr = {{ port = {alt}, to = "203.0.113.{outside}" }}
[jail]
ip4 = "10.1.{third}.{fourth}"
"""
SETTINGS = 'pf = "simulated"\n[host]\next_if = "em0"\next_ip4 = "203.0.113.1"\nnat = "(em0:0)"\n'
LOOP = 10_000_000  # additions, against which a busy or slow machine is measured


def made(folder: Path, jails: int) -> str:
    """A folder with that many jails of three services; its settings."""
    (folder / "jails").mkdir()
    (folder / "jailpf.toml").write_text(SETTINGS)
    for number in range(jails):
        text = JAIL.format(
            http=10000 + number * 2, https=10001 + number * 2, smtp=30000 + number, alt=40000 + number,
            outside=number % 200 + 20, third=number // 250, fourth=number % 250 + 1,
        )  # fmt: skip
        (folder / "jails" / f"j{number}.toml").write_text(text)
    return str(folder / "jailpf.toml")


def main() -> None:
    """Print processor time, and that of a loop of additions in the same run."""
    jails = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        file = made(Path(folder), jails)
        argv = [sys.executable, "-m", "jailpf", "-c", file, "--run", f"{folder}/run", "plan"]
        times = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    start = time.process_time()
    for _ in range(LOOP):
        pass
    loop = time.process_time() - start
    print(f"{jails} jails, {done.stdout.count('new: ')} new ways in: {min(times):.2f} s (target: 5 s for 1000);")
    print(f"{LOOP:,} turns of an empty loop took {loop:.2f} s in the same run")


if __name__ == "__main__":
    main()
