"""Many jails, and long texts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from host import ENVIRONMENT, run

if TYPE_CHECKING:
    from host import Bench

THOUSAND = r"""
import resource, sys, time
from jailpf.lifecycle.session import Session
from jailpf.lifecycle.checks import conflicts
from jailpf.lifecycle.prepare import prepare
session = Session(file=sys.argv[1], run=sys.argv[2])
start = time.process_time()
records = [prepare(session, name, created=True).record for name in session.jails.declared()]
compiled = time.process_time()
found = conflicts.check_all(session, records)
checked = time.process_time()
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(records), compiled - start, checked - compiled, rss, len(found))
"""


LANGUAGE = r"""
import sys, time
from jailpf.pf.simulated import Topology
from jailpf.pf.simulated.language.parse import parse
line = (
    'pass in quick on $ext inet proto tcp from any to 10.{}.{}.1 port {{ 80 }} flags S/SA keep state '
    '(max 100, source-track rule) label "r{}:$if"\n'
)
text = 'ext = "em0"\n' + "".join(line.format(n >> 8 & 255, n & 255, n) for n in range(int(sys.argv[1])))
start = time.process_time()
listing = parse(text, Topology(), main=True).checked().listing()
print(listing.count("\n") - 1, time.process_time() - start)
"""

RULESET = r"""
import sys, time
from jailpf.pf import Loaded
from jailpf.pf.simulated import DEFAULT_MAIN, Topology
from jailpf.pf.simulated.explain import rebuild

def anchor(n, ip):
    rdr = 'rdr on em0 inet proto tcp from any to (em0:0) port = {} tag jailpf.in/j{} -> {} port {}'
    let = 'pass quick inet proto tcp from any to {} port = {} flags S/SA keep state label "jailpf/j{}" tagged jailpf.in/j{}'
    ports = (80, 443, 25, 993)
    nat = [f'nat on em0 inet from {ip} to any tag jailpf.out/j{n} -> (em0:0)']
    nat += [rdr.format(2000 + 4 * n + at, n, ip, port) for at, port in enumerate(ports)]
    return Loaded(f"jailpf/j{n}", tuple(nat), tuple(let.format(ip, port, n, n) for port in ports), {})

jails = [f"10.1.{n // 250}.{n % 250 + 1}" for n in range(int(sys.argv[2]))]
anchors = [anchor(n, ip) for n, ip in enumerate(jails)]
topology = Topology()
for n, ip in enumerate(jails):
    topology.add_jail(f"j{n}", [ip])
start = 0 if sys.argv[1] == "trace" else time.process_time()  # with what Python itself takes
pf = rebuild(DEFAULT_MAIN, anchors, topology=topology)
if sys.argv[1] == "trace":
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 2000 + 2 * len(jails), keep=False)
else:
    from jailpf.pf.simulated.reach.reach import reach
    assert len(reach(pf)) > 4 * len(jails)
print(time.process_time() - start)
"""


def thousand(bench: Bench, jails: int) -> None:
    """Many jails in one process."""
    common, state = bench.host("many", 0, jails)
    argv = [sys.executable, "-I", "-c", THOUSAND, common[1], str(state)]
    runs = [
        subprocess.run(argv, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout.split()
        for _ in range(5)
    ]
    count, compiled, checked, rss, conflicts = (min(map(float, column)) for column in zip(*runs, strict=True))
    print(f"\n{count:.0f} jails of four services in one process, {conflicts:.0f} conflicts")
    bench.target("compiled in, of processor time", compiled, jails / 1000, "s")
    bench.target("peak memory", rss, 60, "MiB")
    bench.target("all their conflicts looked for in", checked, 1, "s")


def language(bench: Bench, rules: int) -> None:
    """A long pf.conf read and printed by the simulated pf."""
    argv = [sys.executable, "-I", "-c", LANGUAGE, str(rules)]
    runs = [
        subprocess.run(argv, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout.split()
        for _ in range(3)
    ]
    lines, seconds = (min(map(float, column)) for column in zip(*runs, strict=True))
    print(f"\na pf.conf of {lines:.0f} rules")
    bench.target("read and printed in, of processor time", seconds, 3 * rules / 10_000, "s")


def ruleset(bench: Bench, jails: int) -> None:
    """One packet, and all packets, asked about in a ruleset of many jails with four services each."""

    def seconds(what: str, count: int) -> float:
        argv = [sys.executable, "-I", "-c", RULESET, what, str(count)]
        done = [subprocess.run(argv, capture_output=True, text=True, check=True, env=ENVIRONMENT) for _ in range(3)]
        return min(float(one.stdout) for one in done)

    print("\nthe simulated pf, from what pfctl prints of all anchors, of processor time")
    bench.target("trace, 400 jails, with the start of Python", seconds("trace", 400), 0.3, "s")
    whole, half = seconds("reach", jails), seconds("reach", jails // 2)
    bench.target(f"reach, {jails} jails", whole, 3 * jails / 1000, "s")
    bench.target(f"reach, {jails} jails against half of them", whole / half, 2.6, "x")


def together(bench: Bench, jails: int) -> None:
    """Many jails started at once, as `jail_parallel_start` does, and one after the other."""

    def start(common: list[str], number: int) -> None:
        for verb in ("prestart", "created"):
            run([sys.executable, "-I", "-m", "jailpf", *common, verb, f"j{number}"])

    times = {}
    for name, workers in (("one after the other", 1), ("at once", jails)):
        common, state = bench.host(f"start{workers}", 3, jails)
        begin = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda number, common=common: start(common, number), range(jails)))
        times[name] = time.perf_counter() - begin
        if len(list((state / "records").iterdir())) != jails:
            raise SystemExit("not every jail was loaded")
    print(f"\n{jails} jails started (prestart and created, pfctl 3 ms, {os.cpu_count()} processors)")
    for name, seconds in times.items():
        print(f"  {name:<20} {seconds:6.2f} s, {seconds / jails * 1000:.0f} ms each")
