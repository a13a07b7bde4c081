"""`make bench`: what jailpf costs, as ratios measured in one run. Needs nothing but this repository and a C compiler (or sh).

Rounds alternate between the things compared, so that a busy machine slows all of them; the least of each is shown: what
it takes when nobody else is in the way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Cases = dict[str, tuple[Callable[[], object], list[str]]]

HERE = Path(__file__).parent
ENVIRONMENT = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "HOME": "/root"}
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
PFRULE = """\
#!/bin/sh
# What Mail Toaster's pfrule.sh does for one jail: load is a pfctl for each file and each table, unload a flush per anchor.
cd CONF || exit 1
for file in *.conf; do
    type=$(basename "$file" .conf)
    case "$1" in
    load) PFCTL -a "$type/web" -f "$file" ;;
    unload) PFCTL -a "$type/web" -F all ;;
    esac
done
if [ "$1" = load ]; then
    for file in *.table; do PFCTL -a rdr/web -t "${file%.table}" -T replace -f "$file"; done
fi
exit 0
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
THOUSAND = r"""
import resource, sys, time
from jailpf.lifecycle.session import Session
from jailpf.lifecycle import conflicts
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


VERBS = ("prestart", "created", "poststop")
CROWD = """
import sys
from jailpf.lifecycle.session import Session
from jailpf.lifecycle import load, prestart
for name in Session(file=sys.argv[1], run=sys.argv[2]).jails.declared():
    session = Session(file=sys.argv[1], run=sys.argv[2])
    session.pf.program = PFCTL
    load.load(session, name)
"""


class Bench:
    """A folder with settings, jails and a stand-in pfctl, and the targets that were missed."""

    def __init__(self, root: Path, rounds: int) -> None:
        self.root, self.rounds = root, rounds
        self.missed: list[str] = []
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
        (folder / "jails").mkdir(parents=True)
        (folder / "jailpf.toml").write_text(SETTINGS.replace("PFCTL", str(self.pfctls[cost])))
        for number in range(jails):
            # Each jail publishes on ports of its own: no two claim one.
            text = JAIL.format(
                http=10000 + number * 2, https=10001 + number * 2, imap=20000 + number, smtp=30000 + number,
                alt=40000 + number, outside=number % 200 + 20, third=number // 250, fourth=number % 250 + 1,
            )  # fmt: skip
            (folder / "jails" / f"j{number}.toml").write_text(text)
        return ["-c", str(folder / "jailpf.toml"), "--run", str(folder / "run")], folder / "run"

    def compare(self, cases: dict[str, tuple[Callable[[], object], list[str]]]) -> dict[str, float]:
        """{name: least seconds} of programs that are run in turn. Each case: what to do before, and its argv."""
        times: dict[str, list[float]] = {name: [] for name in cases}
        for number in range(self.rounds + 2):
            for name, (before, argv) in cases.items():
                before()
                seconds = run(argv)
                if number > 1:
                    times[name].append(seconds)
        return {name: min(found) for name, found in times.items()}

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


def run(argv: list[str]) -> float:
    """Seconds that a program takes."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        argv[0], argv, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    )
    status = os.waitpid(pid, 0)[1]
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds


def modules(argv: list[str]) -> int:
    """How many modules a Python program has imported at its end, the interpreter's own included."""
    done = subprocess.run(
        [argv[0], "-X", "importtime", *argv[1:]], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    named = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    bare = subprocess.run(
        [argv[0], "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return len((named - {"imported package"}) | set(bare.stdout.split()))


def nothing() -> None:
    pass


def hooks(bench: Bench) -> None:
    """The hooks of one jail against bare interpreters and a shell script."""
    import jailpf

    python = [sys.executable, "-I"]
    forms = {
        "file": [*python, str(Path(jailpf.__file__).with_name("__main__.py"))],
        "-m": [*python, "-m", "jailpf"],
    }
    forms["-IS"] = [sys.executable, "-IS", forms["file"][-1]]
    script = Path(sys.executable).with_name("jailpf")
    if script.exists():
        forms["program"] = [str(script)]
    common, state = bench.host("one", 0, 1)
    run([*forms["-m"], *common, "prestart", "j0"])
    record = state / "records/j0.json"

    def unloaded() -> None:
        record.unlink(missing_ok=True)

    def cold() -> None:
        unloaded()
        (state / "plans/j0/plan").unlink(missing_ok=True)

    def warm() -> None:
        unloaded()
        if not (state / "plans/j0/plan").exists():
            run([*forms["-m"], *common, "prestart", "j0"])

    def loaded() -> None:
        if not record.exists():
            warm()
            run([*forms["-m"], *common, "created", "j0"])

    pfctl = str(bench.pfctls[0])
    cases: dict[str, tuple[Callable[[], object], list[str]]] = {
        "python3 -I -c pass": (nothing, [*python, "-c", "pass"]),
        "python3 -I -c 'import runpy'": (nothing, [*python, "-c", "import runpy"]),
        "pfctl that does nothing": (nothing, [pfctl]),
    }
    cases |= {f"warm created, {name}": (warm, [*form, *common, "created", "j0"]) for name, form in forms.items()}
    cases |= {
        "cold created": (cold, [*forms["-m"], *common, "created", "j0"]),
        "prestart": (unloaded, [*forms["-m"], *common, "prestart", "j0"]),
        "poststop": (loaded, [*forms["-m"], *common, "poststop", "j0"]),
    }
    found = bench.compare(cases)
    bare = found["python3 -I -c pass"] + found["pfctl that does nothing"]
    print("One jail of four services, pfctl for nothing (milliseconds; times a bare interpreter and that pfctl)")
    for name, seconds in found.items():
        print(f"  {name:<30} {seconds * 1000:7.2f}  {seconds / bare:5.2f}x")
    by_file = (found["warm created, file"] - bare) * 1000
    by_module, runpy = (
        (found["warm created, -m"] - bare) * 1000,
        found["python3 -I -c 'import runpy'"] + bare - found["python3 -I -c pass"],
    )
    bench.target("warm created, by its file, beyond a bare interpreter and pfctl", by_file, 3, "ms")
    print(f"  the same by -m: {by_module:.2f} ms, {(runpy - bare) * 1000:.2f} of it for importing runpy")
    warm()
    bench.target("modules, by its file", modules([*forms["file"], *common, "created", "j0"]), 50, "modules")
    warm()
    print(f"  modules, by -m: {modules([*forms['-m'], *common, 'created', 'j0'])} (17 of them are runpy's)")


def against_shell(bench: Bench, jails: int) -> None:
    """The life of an unchanged jail against pfrule.sh load and unload, of one jail and of one among many."""
    import jailpf

    main = str(Path(jailpf.__file__).with_name("__main__.py"))
    forms = {"-IS FILE (as `attach` writes)": ["-IS", main], "-I -m": ["-I", "-m", "jailpf"]}
    alone: dict[int, dict[str, float]] = {}
    print("\nprestart, created, poststop of an unchanged jail against load and unload of pfrule.sh (milliseconds)")
    for cost in (3, 10):
        common, state = bench.host(f"life{cost}", cost, 1)
        conf = bench.root / f"conf{cost}"
        conf.mkdir()
        for name in ("nat.conf", "rdr.conf", "allow.conf", "insecure_mua.table"):
            (conf / name).write_text("")
        script = bench.root / f"pfrule{cost}.sh"
        script.write_text(PFRULE.replace("CONF", str(conf)).replace("PFCTL", str(bench.pfctls[cost])))
        cases = {f"pfrule.sh {verb}": (nothing, ["/bin/sh", str(script), verb]) for verb in ("load", "unload")}
        for form, words in forms.items():
            cases |= bench.life([sys.executable, *words], common, state, "j0", form)
        found = bench.compare(cases)
        shell = found["pfrule.sh load"] + found["pfrule.sh unload"]
        alone[cost] = found
        for form in forms:
            verbs = [found[f"{verb}, {form}"] for verb in VERBS]
            shown = " + ".join(f"{one * 1000:.1f}" for one in verbs)
            print(f"  pfctl {cost:>2} ms, {form}: {shown} against {shell * 1000:.1f}: {sum(verbs) / shell:.2f}x")
        whole = sum(found[f"{verb}, {next(iter(forms))}"] for verb in VERBS) / shell
        bench.target(f"a life at {cost} ms", whole, {3: 2.5, 10: 1.3}[cost], "x")
    bench.target("pfctl runs of a life", bench.runs([sys.executable, "-IS", main]), 8, "runs")
    common, state = bench.host("crowd", 10, jails)
    fast = CROWD.replace("PFCTL", repr(str(bench.pfctls[0])))
    argv = [sys.executable, "-I", "-c", fast, common[1], str(state)]
    subprocess.run(argv, check=True, env=ENVIRONMENT)
    crowd = bench.life([sys.executable, "-IS", main], common, state, "j0", "many")
    single = bench.life([sys.executable, "-IS", main], *bench.one(10), "j0", "one")
    found = bench.compare({**single, **crowd})
    for verb in VERBS:
        bench.target(f"{verb} with {jails} jails on record", found[f"{verb}, many"] / found[f"{verb}, one"], 1.2, "x")


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
