"""Which command lines take the warm way, and what it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jailpf
from jailpf import warm
from jailpf.cli import parser
from jailpf.lifecycle.session import Session

if TYPE_CHECKING:
    from stand_ins.machine import Machine


BUDGETS = {"prestart": 70, "created": 50, "poststop": 70}
NEWER = 6 * (sys.version_info >= (3, 12))  # what later Pythons import of their own; the budget is 3.11's


@pytest.mark.parametrize("verb", ["prestart", "created", "poststop"])
@pytest.mark.parametrize(
    "words",
    [
        ["VERB", "web"], ["-c", "F", "VERB", "web"], ["--run", "D", "VERB", "web"], ["-c", "F", "--run", "D", "VERB", "web"],
        ["--run", "D", "-c", "F", "VERB", "a.b-c"], ["-c", "VERB", "VERB", "VERB"], ["-c", "F", "-c", "G", "VERB", "web"],
        ["--plans", "P", "VERB", "web"], ["--run", "D", "--plans", "P", "VERB", "web"],
    ],
)  # fmt: skip
def test_the_fast_form_means_what_argparse_says(words: list[str], verb: str) -> None:
    """Where the fast reading takes a command line, argparse reads the same settings, directories and jail from it."""
    words = [word.replace("VERB", verb) for word in words]
    form, options = warm.parse(words), parser.parse(words)
    session = Session(file=options.file, run=options.run, plans=options.plans)
    assert form is not None
    assert (form.settings, form.jail, form.verb) == (os.path.abspath(options.file), options.jail, options.command)
    assert (form.run.path, form.run.plans) == (session.directory.path, session.directory.plans)
    assert (options.pf, options.verbose) == ("", False)


@pytest.mark.parametrize(
    "words",
    [
        [], ["created"], ["created", "-n"], ["created", "--help"], ["-v", "created", "web"], ["--pf", "simulated", "created", "web"],
        ["created", "web", "-v"], ["created", "-c", "F", "web"], ["load", "web"], ["-c", "created", "web"], ["--run", "-v", "created", "web"],
        ["-cF", "created", "web"], ["--run=D", "created", "web"], ["created", "created", "web"], ["poststop", ""], ["poststop"],
        ["poststop", "*"], ["created", "../web"], ["created", "/"], ["poststop", "a b"], ["poststop", "\udcff"], ["prestart", "w\n"],
    ],
)  # fmt: skip
def test_every_other_form_is_left_to_argparse(words: list[str]) -> None:
    """The fast reading claims nothing that it does not fully understand."""
    assert warm.parse(words) is None
    assert warm.hook(words) is None


MAIN = str(Path(jailpf.__file__).with_name("__main__.py"))


NOT_OURS = {"imported package", "sitecustomize", "_distutils_hack"}  # a heading, and what a host may add


FORMS = {"-IS FILE": ["-IS", MAIN], "-I FILE": ["-I", MAIN], "-I -m": ["-I", "-m", "jailpf"]}


def modules(machine: Machine, form: list[str], verb: str) -> set[str]:
    """What the interpreter has imported when the hook ends."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *form, "-c", str(machine.toml), "--run", str(machine.run_dir), verb, "web"],
        capture_output=True, text=True, check=True, env={"PATH": "/bin"},
    )  # fmt: skip
    return {
        line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")
    } - NOT_OURS


def bare(*words: str, also: str = "import sys") -> set[str]:
    done = subprocess.run(
        [sys.executable, *words, "-c", f"import sys; {also}; print(*sys.modules)"], capture_output=True, text=True, check=True, env={"PATH": "/bin"}
    )  # fmt: skip
    return set(done.stdout.split()) - NOT_OURS


@pytest.mark.parametrize("form", FORMS)
def test_the_warm_ways_import_next_to_nothing(ready: Machine, form: str) -> None:
    """created 50 modules with the interpreter's own, prestart and poststop 70, whatever form, and none of the expensive ones."""
    ours = {}
    for verb in ("prestart", "created", "poststop"):
        ready.calls()
        found = modules(ready, FORMS[form], verb)
        runpy = bare("-I", also="import runpy") if form == "-I -m" else set()  # which is no doing of ours
        whole = bare("-IS" if "S" in form else "-I") | found - runpy
        assert len(whole) <= BUDGETS[verb] + NEWER, sorted(whole)
        ours[verb] = found
        assert not [call for call in ready.calls() if "-n" in call.split()]
    expensive = {
        "argparse",
        "json",
        "dataclasses",
        "subprocess",
        "re",
        "typing",
        "enum",
        "tempfile",
        "shutil",
        "pluggy",
        "tomllib",
    }
    for verb, found in ours.items():
        if form != "-I -m":
            assert not found & expensive, verb
        assert not {
            name
            for name in found
            if name.startswith(("jailpf.lifecycle", "jailpf.declare", "jailpf.cli", "jailpf.compile"))
        }


def test_syslog_does_not_matter(ready: Machine) -> None:
    """Without a syslogd, and on a host without /dev/log, the hooks work as ever."""
    ready.jailpf("created", "web")
    ready.jailpf("poststop", "web")
    assert ready.records() == []
