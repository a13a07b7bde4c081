"""contrib/bastille/template: under a stand-in for Bastille's template reader, as its documentation has it.

One verb per line; comments and blank lines are skipped; the first word is lower-cased; `${ARG}` is replaced
as text; ARG and ARG+ declare; then `eval "bastille VERB JAIL REST"`, where REST of CMD is one word for `sh -c`.
"""

from __future__ import annotations

import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from contrib_standins import CONTRIB, Standins, run

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = CONTRIB / "bastille" / "template" / "jailpf" / "request"

# `bastille cmd web sh -c TEXT` runs TEXT confined to the jail's root; here its absolute path is moved there.
BASTILLE = r"""
[ "$1 $2 $3 $4" = "cmd web sh -c" ] || exit 1
/bin/sh -c "$(printf '%s' "$5" | sed "s| /usr/local| {root}/usr/local|g")"
"""


class Reader:
    def __init__(self, root: Path, standins: Standins) -> None:
        self.jail, self.standins = root / "jail", standins
        standins.add("bastille", BASTILLE.format(root=self.jail))

    def apply(self, **given: str) -> None:
        """`bastille template web jailpf/request --arg K=V ...`. ValueError without a mandatory argument."""
        arguments = {"JAIL_NAME": "web", "JAIL_IP": "10.0.0.2", "JAIL_IP6": ""}
        text = (TEMPLATE / "Bastillefile").read_text().replace("\\\n", "")
        for line in text.splitlines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            first, _, rest = line.partition(" ")
            for name, value in arguments.items():
                rest = rest.replace(f"${{{name}}}", value)
            verb = first.lower()
            if verb in ("arg", "arg+"):
                name, _, default = rest.partition("=")
                value = given.get(name, default)
                if value:
                    arguments[name] = value
                elif verb == "arg+":
                    raise ValueError(name)
                continue
            if verb == "cmd":
                rest = "sh -c '" + rest.replace("'", "'\\''") + "'"
            done = run(
                "/bin/sh",
                "-c",
                'eval "$1"',
                "sh",
                f"bastille {verb} web {rest}",
                PATH=f"{self.standins.bin}:/usr/bin:/bin",
            )
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, line, done.stdout, done.stderr)

    def request(self) -> dict[str, Any]:
        return tomllib.loads((self.jail / "usr/local/etc/jailpf/request.toml").read_text())


@pytest.fixture
def reader(tmp_path: Path, standins: Standins) -> Reader:
    return Reader(tmp_path, standins)


def test_the_template_leaves_a_request_with_what_was_asked_for(reader: Reader) -> None:
    reader.apply(SERVICE="http", PORT="80 443", PROTO="tcp+udp")
    assert reader.request() == {"service": {"http": {"proto": "tcp+udp", "port": ["80", "443"]}}}


def test_only_the_port_must_be_given(reader: Reader) -> None:
    reader.apply(PORT="7000:7010")
    assert reader.request() == {"service": {"web": {"proto": "tcp", "port": ["7000:7010"]}}}


def test_without_a_port_nothing_is_left(reader: Reader) -> None:
    with pytest.raises(ValueError, match="PORT"):
        reader.apply()
    assert reader.standins.calls == []


def test_applied_again_it_replaces_the_request(reader: Reader) -> None:
    reader.apply(PORT="80")
    reader.apply(PORT="81", SERVICE="other")
    assert list(reader.request()["service"]) == ["other"]


def test_the_request_is_a_declaration_jailpf_can_read(reader: Reader) -> None:
    port = pytest.importorskip("jailpf.values").Port
    reader.apply(PORT="80 7000:7010")
    assert [str(port.parse(one)) for one in reader.request()["service"]["web"]["port"]] == ["80", "7000:7010"]


def test_every_step_runs_inside_the_jail(reader: Reader) -> None:
    reader.apply(PORT="80")
    assert reader.standins.calls
    assert all(call.startswith("bastille [cmd] [web] [sh] [-c] ") for call in reader.standins.calls)


def test_the_template_holds_nothing_that_old_or_new_readers_take_apart() -> None:
    """No backslash (some echo(1) obey it) and no line that goes on."""
    assert "\\" not in (TEMPLATE / "Bastillefile").read_text()
