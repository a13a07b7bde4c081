"""`python bench/plan.py [JAILS]`: what `jailpf plan` of many jails takes, with the start of Python; nothing loaded, so all is new.

The jails are those of bench.py, with four services each; then the same that also declare what they may open.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from host import declare

SETTINGS = 'pf = "simulated"\n[host]\next_if = "em0"\next_ip4 = "203.0.113.1"\nnat = "(em0:0)"\n'
OUT = '[out.web]\nproto = "tcp"\nport = [80, 443]\n'
LOOP = 10_000_000  # additions, against which a busy or slow machine is measured


def measured(jails: int, more: str) -> tuple[float, int]:
    """The least processor time of three runs, and how many lines are new."""
    with tempfile.TemporaryDirectory() as folder:
        declare(Path(folder), jails, more)
        file = Path(folder, "jailpf.toml")
        file.write_text(SETTINGS)
        argv = [sys.executable, "-m", "jailpf", "-c", str(file), "--run", f"{folder}/run", "plan"]
        times = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(times), done.stdout.count("new: ")


def main() -> None:
    """Print processor time, and that of a loop of additions in the same run."""
    jails = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for what, more in (("four services", ""), ("four services and an out", OUT)):
        seconds, new = measured(jails, more)
        print(f"{jails} jails of {what}, {new} new lines: {seconds:.2f} s (target: 5 s for 1000)")
    start = time.process_time()
    for _ in range(LOOP):
        pass
    print(f"{LOOP:,} turns of an empty loop took {time.process_time() - start:.2f} s in the same run")


if __name__ == "__main__":
    main()
