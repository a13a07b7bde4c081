"""contrib/iocage/hooks.sh: under a stand-in that keeps iocage's properties in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contrib_standins import CONTRIB, Standins, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

START = ("exec_prestart", "exec_created")
ALL = (*START, "exec_poststart", "exec_poststop")

IOCAGE = """
cd "{root}/$(eval echo \\${{$#}})" || exit 1
case "$1" in
    get) cat "$2" ;;
    set) printf '%s\\n' "${{2#*=}}" > "${{2%%=*}}" ;;
esac
"""


class Iocage:
    def __init__(self, root: Path, standins: Standins) -> None:
        self.root, self.standins = root / "properties", standins
        self.program = standins.add("iocage", IOCAGE.format(root=self.root))
        self.script = standins.copy(
            CONTRIB / "iocage" / "hooks.sh", root / "hooks.sh", {"IOCAGE": str(self.program), "JAILPF": "/j"}
        )
        (self.root / "web").mkdir(parents=True)
        for name in ALL:
            self[name] = "/usr/bin/true"

    def __getitem__(self, name: str) -> str:
        return (self.root / "web" / name).read_text().removesuffix("\n")

    def __setitem__(self, name: str, value: str) -> None:
        (self.root / "web" / name).write_text(f"{value}\n")

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(self.script, *arguments)

    def state(self) -> dict[str, str]:
        return {name: self[name] for name in ALL}


@pytest.fixture
def iocage(tmp_path: Path, standins: Standins) -> Iocage:
    return Iocage(tmp_path, standins)


def test_a_jail_without_hooks_gets_ours(iocage: Iocage) -> None:
    assert iocage("set", "web").returncode == 0
    assert iocage.state() == {
        "exec_prestart": "/j prestart web",
        "exec_created": "/j created web",
        "exec_poststart": "/usr/bin/true",
        "exec_poststop": "/j poststop web",
    }


def test_ours_stands_behind_yours_at_the_start_and_before_yours_at_the_stop(iocage: Iocage) -> None:
    for name in ALL:
        iocage[name] = "/a b && /c"
    iocage("set", "web")
    assert [iocage[name] for name in START] == [
        "/a b && /c && /j prestart web",
        "/a b && /c && /j created web",
    ]
    assert iocage["exec_poststart"] == "/a b && /c"
    assert iocage["exec_poststop"] == "/j poststop web && /a b && /c"


def test_an_address_that_comes_late_is_waited_for(iocage: Iocage) -> None:
    iocage("set", "-d", "web")
    assert (iocage["exec_created"], iocage["exec_poststart"]) == ("/usr/bin/true", "/j created web")


@pytest.mark.parametrize("flags", [(), ("-d",)])
def test_set_twice_is_set_once_whichever_way_it_was_before(iocage: Iocage, flags: tuple[str, ...]) -> None:
    iocage("set", *flags, "web")
    once = iocage.state()
    iocage("set", "web")
    iocage("set", *flags, "web")
    assert iocage.state() == once


@pytest.mark.parametrize("value", ["/usr/bin/true", "/a b && /c", "/a", "/j created webmail"])
@pytest.mark.parametrize("flags", [(), ("-d",)])
def test_unset_leaves_what_was_there_before(iocage: Iocage, flags: tuple[str, ...], value: str) -> None:
    for name in ALL:
        iocage[name] = value
    before = iocage.state()
    iocage("set", *flags, "web")
    assert iocage.state() != before
    assert iocage("unset", "web").returncode == 0
    assert iocage.state() == before


def test_a_preview_prints_commands_and_changes_nothing(iocage: Iocage) -> None:
    before = iocage.state()
    done = iocage("set", "-n", "web")
    assert iocage.state() == before
    assert f'{iocage.program} set exec_created="/j created web" web' in done.stdout.splitlines()


def test_show_prints_the_four_properties(iocage: Iocage) -> None:
    assert iocage("show", "web").stdout.splitlines() == [f"{name}=/usr/bin/true" for name in ALL]


def test_a_jail_that_iocage_does_not_know_changes_nothing(iocage: Iocage) -> None:
    done = iocage("set", "mail")
    assert (done.returncode, "does not know" in done.stderr) == (78, True)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["set"],
        ["sot", "web"],
        ["set", "-x", "web"],
        ["set", "web", "mail"],
        ["set", "../web"],
        ["set", "a;b"],
    ],
)
def test_what_cannot_be_understood_calls_nothing(iocage: Iocage, arguments: list[str]) -> None:
    assert iocage(*arguments).returncode == 64
    assert iocage.standins.calls == []
