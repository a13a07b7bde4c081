"""Texts against the running pfctl -n: every golden file, every example, and the recorded verdicts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from freebsd import home
from freebsd.home import CHECKOUT, Program
from freebsd.tools import TOOLS, Said, run, sysctl
from jailpf.declare.layout import LAYOUTS

TESTS = CHECKOUT / "tests"
GOLDEN = [path for path in sorted(TESTS.rglob("*.pf")) if "freebsd" not in path.parts]
EXAMPLES = [path for path in sorted((CHECKOUT / "examples").rglob("jailpf.toml")) if "site-packages" not in path.parts]
VERDICTS = json.loads((TESTS / "pf/simulated/verdicts.json").read_text())
HEADING = re.compile(r"^# ([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+)$", re.MULTILINE)

pytestmark = pytest.mark.usefixtures("before")


def _texts(text: str) -> list[tuple[str, str]]:
    """[(anchor path, rules)]: a golden file is one anchor, or several below headings `# PATH`."""
    parts = HEADING.split(text)
    found = [("jailpf/web", parts[0])] if parts[0].strip() else []
    return found + list(zip(parts[1::2], parts[2::2], strict=True))


def _check(text: str, folder: Path) -> list[str]:
    """What pfctl -n says against it. Table files that are not on this host are replaced by one that is."""
    table = home.write(folder / "some.table", "192.0.2.0/24\n")
    known = re.sub(r'file "([^"]+)"', lambda found: found[0] if Path(found[1]).exists() else f'file "{table}"', text)
    wrong = []
    for path, rules in _texts(known):
        said = run("pfctl", "-a", path, "-n", "-f", "-", text=rules, must=False)
        wrong += [f"{path}: {said.err.strip()}\n{rules}"] if said.status else []
    return wrong


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in GOLDEN}), ids=lambda one: str(one.relative_to(TESTS))
)
def test_pfctl_takes_every_golden_file(folder: Path, tmp_path: Path, release: int) -> None:
    """DESIGN.md section 3: no key without a golden pair that pfctl takes. 13 knows no sctp ports."""
    wrong = []
    for file in (path for path in GOLDEN if path.parent == folder):
        text = file.read_text()
        if release >= 14 or "sctp" not in text:
            wrong += [f"{file.name}: {one}" for one in _check(text, tmp_path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.parent.name)
def test_pfctl_takes_every_example(example: Path, layout: str, tmp_path: Path, program: Program, release: int) -> None:
    """Every declaration of examples/ that says its addresses renders to what pfctl takes, in every layout."""
    folder = tmp_path / "etc"
    shutil.copytree(example.parent, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    settings = folder / "jailpf.toml"
    if not re.search(r"^layout", settings.read_text(), re.MULTILINE):
        home.write(settings, f'layout = "{layout}"\n' + settings.read_text())
    rendered = 0
    for file in sorted((folder / "jails").glob("*.toml")):
        words = ["-c", str(settings), "--run", str(tmp_path / "run"), "render", file.stem]
        said = run(str(program.console), *words, must=False)
        if said.status and re.search("no jail manager knows|there is no such program|has no place for", said.err):
            continue
        assert not said.status, said
        rendered += 1
        wrong = _check(said.out, tmp_path)
        assert not wrong or (release < 14 and "sctp" in said.out), "\n".join(wrong)
    if not rendered:
        pytest.skip(f"{example.parent.name} has no declaration that stands alone in the layout {layout}")


def test_the_recorded_verdicts(tmp_path: Path, release: int) -> None:
    """What pfctl of 15.1 said of 228 rule files is what the running one says; on other releases only a report."""
    for name, text in VERDICTS["files"].items():
        home.write(tmp_path / name, text)
    differences = []
    for case in filter(_has_tables, VERDICTS["cases"]):
        said = _verdict(case, tmp_path)
        # Rules that speak of em0 or em1 by address cannot be the same on another host.
        same = bool(said.status) == bool(case["exit"]) and (case["exit"] or _plain(said.out) == _plain(case["stdout"]))
        if not same and not _by_address(case):
            differences.append(
                f"{case['what']}: {case['rules']!r}\n  recorded: {case['exit']} {case['stdout']!r}\n"
                f"  here:     {said.status} {said.out!r} {said.err!r}"
            )
    report = f"{len(differences)} of {len(VERDICTS['cases'])} verdicts differ\n" + "\n".join(differences)
    if differences and release != 15:
        pytest.xfail(f"FreeBSD {release} is not what was recorded (15.1): {report}")
    assert not differences, report


def _has_tables(case: dict[str, Any]) -> bool:
    """`rtable N` is taken only where net.fibs is above N (facts.md): such a verdict belongs to a machine."""
    numbers = [int(number) for number in re.findall(r"\brtable (\d+)", case["rules"])]
    return all(number < int(sysctl("net.fibs") or 1) for number in numbers)


def _verdict(case: dict[str, Any], folder: Path) -> Said:
    """Rule files name others relative to where pfctl runs."""
    command = 'cd "$1" && shift && exec "$@"'
    words = [TOOLS["pfctl"], "-a", "jailpf/web", "-o", "none", "-nvPf", "-"]
    return run("/bin/sh", "-c", command, "sh", str(folder), *words, text=case["rules"], must=False)


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _by_address(case: dict[str, Any]) -> bool:
    """Whether pfctl looks something of this host up: a bare interface, a group, `self`, a host name."""
    bare = r"(from|to|->|\{|,|!|self)\s*\{?\s*(em\d|lo\d?|bridge|epair|egress|self|vtnet\d|nosuch\d|[a-z]+\.[a-z.]+)\b"
    return bool(re.search(rf"{bare}|\bself\b|^antispoof|:network|:broadcast|:0\b|:peer", case["rules"]))
