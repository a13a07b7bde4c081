"""What people get wrong most, and what they are told: golden messages, one line each, that a stranger can act on without a page.

`messages.txt` holds mistakes with their answers; JAILPF_REFRESH=1 writes the answers anew. Each mistake is made on a host of its own: jail.conf has web, db
and mail; jails/web.toml is `[service.http]`, `port = 80`, unless the mistake brings another.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from jailpf.cli import main

FILE = Path(__file__).parent / "messages.txt"
TEXT = FILE.read_text(encoding="utf-8")
MISTAKES = re.findall(r"(?ms)^## (\S+): (.*?)\n(.*?)(?=^## |\Z)", TEXT)
JAILS = (
    'web { path = "/jails/web"; interface = "lo1"; ip4.addr = "10.0.0.2"; }\n'
    'db { path = "/jails/db"; interface = "lo1"; ip4.addr = "10.0.0.3"; }\n'
    'mail { path = "/jails/mail"; interface = "lo1"; ip4.addr = "10.0.0.4"; ip6.addr = "fd00::4"; }\n'
)
HOST = '[host]\next_if = "em0"\nnat = "(em0:0)"\n'
NEVER = re.compile(r"\?;|Traceback|argument |\(at line|report it")
"""What no message holds: argparse's words, tomllib's, a bug of ours."""


def files_of(body: str) -> dict[str, str]:
    """The files that a mistake brings: `FILE:` and indented lines below it."""
    found = re.findall(r"(?m)^([\w./ -]+):\n((?:^    .*\n|^\n)+)", body)
    shown = {name: re.sub(r"(?m)^    ", "", text) for name, text in found}
    return {name: text.encode().decode("unicode_escape") if "\\u" in text else text for name, text in shown.items()}


@pytest.mark.parametrize("mistake", MISTAKES, ids=[number for number, _, _ in MISTAKES])
def test_a_mistake_is_answered(
    mistake: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status and every line are those of the file."""
    number, title, body = mistake
    tmp_path.chmod(0o755)
    given = {"jail.conf": JAILS, "jails/web.toml": "[service.http]\nport = 80\n", "jailpf.toml": HOST} | files_of(body)
    if "jails/wbe.toml" in given:
        del given["jails/web.toml"]
    for name, text in given.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(('pf = "simulated"\n' if name == "jailpf.toml" else "") + text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    answers = []
    for line in re.findall(r"(?m)^\$ (.*)$", body):
        words = shlex.split(line)[1:]
        try:
            status = main(
                ["-c", str(tmp_path / "jailpf.toml"), "--run", str(tmp_path / "run"), *words] if words else []
            )
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        shown = (said.out + said.err).replace(f"{tmp_path}/", "")
        assert not NEVER.search(shown)
        answers.append(f"$ {line}\n{shown}[exit {status}]\n")
    fresh = re.sub(r"(?ms)^\$ .*", "", body).rstrip("\n") + "\n" + "".join(answers) + "\n"
    if os.environ.get("JAILPF_REFRESH"):
        text = FILE.read_text(encoding="utf-8")
        FILE.write_text(
            text.replace(f"## {number}: {title}\n{body}", f"## {number}: {title}\n{fresh}"), encoding="utf-8"
        )
        return
    assert body.strip("\n") == fresh.strip("\n")
