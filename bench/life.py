"""One jail: its hooks against bare interpreters, and its life against what a shell script does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from host import ENVIRONMENT, VERBS, Bench, nothing, run

import jailpf

if TYPE_CHECKING:
    from collections.abc import Callable

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
CROWD = """
import sys
from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.session import Session
from jailpf.state import claimed, writes
from jailpf.state.rundir import file_name
session = Session(file=sys.argv[1], run=sys.argv[2])
session.directory.make()
for name in session.jails.declared():
    record = prepare(session, name, created=True).record
    writes.replace(session.directory.record(file_name(name)), record.to_bytes(), sync=False)
claimed.rebuild(session.directory)
"""


def modules(argv: list[str], flags: str) -> int:
    """How many modules a Python program has imported at its end, the interpreter's own included."""
    done = subprocess.run(
        [argv[0], "-X", "importtime", *argv[1:]], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    named = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    bare = subprocess.run(
        [argv[0], flags, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return len((named - {"imported package"}) | set(bare.stdout.split()))


def hooks(bench: Bench) -> None:
    """The hooks of one jail against bare interpreters and a shell script."""
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
        for left in ("plans/j0/plan", "starting/j0"):
            (state / left).unlink(missing_ok=True)

    def warm() -> None:
        unloaded()
        run([*forms["-IS"], *common, "prestart", "j0"])  # whose mark `created` goes by

    def loaded() -> None:
        if not record.exists():
            warm()
            run([*forms["-m"], *common, "created", "j0"])

    pfctl = str(bench.pfctls[0])
    cases: dict[str, tuple[Callable[[], object], list[str]]] = {
        "python3 -IS -c pass": (nothing, [sys.executable, "-IS", "-c", "pass"]),
        "python3 -I -c pass": (nothing, [*python, "-c", "pass"]),
        "python3 -I -c 'import runpy'": (nothing, [*python, "-c", "import runpy"]),
        "pfctl that does nothing": (nothing, [pfctl]),
    }
    cases |= {f"warm created, {name}": (warm, [*form, *common, "created", "j0"]) for name, form in forms.items()}
    cases |= {
        "cold created": (cold, [*forms["-m"], *common, "created", "j0"]),
        "cold prestart": (cold, [*forms["-m"], *common, "prestart", "j0"]),
        "warm poststop": (loaded, [*forms["-IS"], *common, "poststop", "j0"]),
    }
    found = bench.compare(cases)
    bare = found["python3 -IS -c pass"] + found["pfctl that does nothing"]
    print(
        "One jail of four services, pfctl for nothing (milliseconds; times a bare interpreter and that pfctl; of a processor)"
    )
    for name, seconds in found.items():
        print(f"  {name:<30} {seconds * 1000:7.2f}  {seconds / bare:5.2f}x  {bench.processor[name] * 1000:7.2f}")
    used = bench.processor
    beyond = used["warm created, -IS"] - used["python3 -IS -c pass"] - used["pfctl that does nothing"]
    bench.target("warm created, of a processor, beyond a bare interpreter and pfctl", beyond * 1000, 5, "ms")
    warm()
    bench.target("modules", modules([*forms["-IS"], *common, "created", "j0"], "-IS"), 50, "modules")
    warm()
    print(f"  modules, by -m: {modules([*forms['-m'], *common, 'created', 'j0'], '-I')} (17 of them are runpy's)")


def installed(root: Path) -> list[str]:
    """The launcher in a prefix of its own, as pip(1) and pkg(8) put it."""
    site = root / f"prefix/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (root / "prefix/bin").mkdir(parents=True)
    site.mkdir(parents=True)
    (site / "jailpf").symlink_to(Path(jailpf.__file__).parent)
    (root / "prefix/bin/jailpf").write_text(f"#!{sys.executable}\n")
    launcher = root / "prefix/bin/jailpf-hook"
    shutil.copy(Path(__file__).parents[1] / "bin/jailpf-hook", launcher)
    return [str(launcher)]


def against_shell(bench: Bench, jails: int) -> None:
    """The life of an unchanged jail against pfrule.sh load and unload, of one jail and of one among many."""
    main = str(Path(jailpf.__file__).with_name("__main__.py"))
    forms = {
        "jailpf-hook (as `attach` writes)": installed(bench.root),
        "-IS FILE": [sys.executable, "-IS", main],
        "-I -m": [sys.executable, "-I", "-m", "jailpf"],
    }
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
            cases |= bench.life(words, common, state, "j0", form)
        found = bench.compare(cases)
        shell = found["pfrule.sh load"] + found["pfrule.sh unload"]
        alone[cost] = found
        for form in forms:
            verbs = [found[f"{verb}, {form}"] for verb in VERBS]
            shown = " + ".join(f"{one * 1000:.1f}" for one in verbs)
            used = " + ".join(f"{bench.processor[f'{verb}, {form}'] * 1000:.1f}" for verb in VERBS)
            print(
                f"  pfctl {cost:>2} ms, {form}: {shown} against {shell * 1000:.1f}: {sum(verbs) / shell:.2f}x; of a processor {used}"
            )
        whole = sum(found[f"{verb}, {next(iter(forms))}"] for verb in VERBS) / shell
        bench.target(f"a life at {cost} ms", whole, {3: 2.5, 10: 1.3}[cost], "x")
    bench.target("pfctl runs of a life", bench.runs([sys.executable, "-IS", main]), 8, "runs")
    common, state = bench.host("crowd", 10, jails)
    argv = [sys.executable, "-I", "-c", CROWD, common[1], str(state)]
    subprocess.run(argv, check=True, env=ENVIRONMENT)
    crowd = bench.life([sys.executable, "-IS", main], common, state, "j0", "many")
    single = bench.life([sys.executable, "-IS", main], *bench.one(10), "j0", "one")
    bench.compare({**single, **crowd})
    used = bench.processor
    for verb in VERBS:
        bench.target(
            f"{verb} with {jails} jails on record, of a processor",
            used[f"{verb}, many"] / used[f"{verb}, one"],
            1.2,
            "x",
        )
