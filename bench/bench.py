"""`make bench`: what jailpf costs, as ratios measured in one run. Needs nothing but this repository and a C compiler (or sh).

Rounds alternate between the things compared, so that a busy machine slows all of them; the least of each is shown: what
it takes when nobody else is in the way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from host import Bench
from life import against_shell, hooks
from many import language, ruleset, thousand, together


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--jails", type=int, default=1000)
    parser.add_argument("--parallel", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jailpf-bench.") as folder:
        bench = Bench(Path(folder), options.rounds)
        hooks(bench)
        against_shell(bench, options.jails)
        thousand(bench, options.jails)
        language(bench, 10_000)
        ruleset(bench, options.jails)
        together(bench, options.parallel)
    if bench.missed:
        print("\nmissed: " + "; ".join(bench.missed))
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
