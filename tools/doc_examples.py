"""Runs what the pages of docs show, on the simulated pf, and writes the answers into them: `python tools/doc_examples.py`.

A code block below a line that names a file in backquotes and ends with a colon is that file, below the folder of jailpf.toml; `/etc/jail.conf` is the
laptop's, beside it. In a `console` block each `$ jailpf ...` is run, `$ cat FILE` shows a file and `$ echo $?` the last exit status; what follows is the answer.
`sh` blocks are run too, line by line, with the host's own programs stood in for; a block that cannot be run has the reason in a comment above it. The pages
of FROM_NOTHING begin with an empty folder, the others on a host that is set up, those about a jail manager with a jail `web` of it (doc_hosts.py).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import doc_hosts

from jailpf.cli import main as jailpf

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
REFRESH = "python tools/doc_examples.py"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+\.(?:toml|table|zone|conf))`[^`]*:$")
ETC, RUN = "/usr/local/etc/jailpf", "/var/run/jailpf"
FROM_NOTHING = ("README.md", "docs/tutorial/first-jail.md")
NOT_RUN = re.compile(r"<!-- not run: (.+) -->$")
"""The line above a `sh` block that cannot be run here, with the reason."""


@dataclass
class Host:
    """A host of its own for each page. manager: the jail manager that is there, by the name of its page."""

    folder: Path
    manager: str = ""
    status: int = 0
    files: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> None:
        """A file that the page shows."""
        path = self.folder / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        if name == "jailpf.toml":
            text += doc_hosts.settings(self.manager, self.folder / "etc")
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    def shell(self, line: str) -> None:
        """A line of a `sh` block. Raises ValueError for what cannot be run, and where it fails."""
        line, _, target = line.partition(" > ")
        for command in line.partition(" #")[0].split("; "):
            self._command(command, target.strip())

    def _command(self, line: str, target: str) -> None:
        words = shlex.split(line, comments=True)
        if words[:1] == ["jailpf"]:
            said = self.jailpf(words[1:])
            if self.status > 1:
                raise ValueError(f"{line}: {said}")
            if target:
                self.write(target, said)
        elif words and words[0] in doc_hosts.PROGRAMS:
            if jail := doc_hosts.stood_in(words, self.folder / "etc"):
                self._started(line, jail)
        elif words and words != ["cd", ETC]:
            raise ValueError(f"nobody stands in for {line!r}: write `<!-- not run: REASON -->` above the block")

    def _started(self, line: str, jail: str) -> None:
        """The jail's manager calls what `attach` wrote."""
        for hook in doc_hosts.HOOKS:
            called = f"{hook} {jail}", f"{hook} $name", f"{hook} ${{name}}", f'{hook} "$', f"{hook} $"
            texts = (path.read_text("utf-8", "replace") for path in self.folder.rglob("*") if path.is_file())
            if not any(one in text for text in texts for one in called):
                raise ValueError(f"{line}: nothing calls {hook}")
            self.shell(f"jailpf {hook} {jail}")

    def run(self, line: str) -> str:
        """What a line of a console answers."""
        words = shlex.split(line, comments=True)
        if words[:1] == ["jailpf"]:
            return self.jailpf(words[1:])
        if words[:1] == ["cat"]:
            text = (self.folder / "etc" / words[1].removeprefix(ETC + "/")).read_text(encoding="utf-8")
            return text.replace(str(self.folder / "etc"), ETC)
        if words == ["echo", "$?"]:
            return f"{self.status}\n"
        raise ValueError(f"a console block can only run jailpf, cat and echo $?, not {line!r}")

    def jailpf(self, words: list[str]) -> str:
        """Run one command; stdout, then stderr, with the paths of a real host."""
        out, err = io.StringIO(), io.StringIO()
        words = [word.replace(ETC, str(self.folder / "etc")) for word in words]
        before = os.getcwd()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            os.chdir(self.folder / "etc")
            try:
                options = [
                    "-c",
                    str(self.folder / "etc" / "jailpf.toml"),
                    "--run",
                    str(self.folder / "run"),
                    "--pf",
                    "simulated",
                ]
                self.status = jailpf([*options, *words])
            except SystemExit as end:
                self.status = int(end.code or 0)
            finally:
                os.chdir(before)
        said = err.getvalue().splitlines(keepends=True)
        # The page's host has no --pf, which only this adds.
        text = out.getvalue() + "".join(line for line in said if "not --pf simulated" not in line)
        return text.replace(str(self.folder / "etc"), ETC).replace(str(self.folder / "run"), RUN)


def fresh(page: Path) -> str:
    """The page with the answers as they are now."""
    text = page.read_text(encoding="utf-8")
    os.umask(0o022)  # what others can write to is refused
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder), page.stem)
        from_nothing = str(page.relative_to(ROOT)) in FROM_NOTHING
        (host.folder / "etc").mkdir(mode=0o755)
        if not from_nothing:
            host.write("jailpf.toml", doc_hosts.first(page.stem))
            host.write("jails/.keep", "")
            for name, content in doc_hosts.files(page.stem).items():
                host.write(name, content)

        def block(found: re.Match[str]) -> str:
            language, body = found[1], found[2]
            if language == "console":
                return f"```console\n{''.join(_answers(host, body))}```"
            above = text[: found.start()].rstrip("\n").rpartition("\n")[2]
            if language == "sh" and not NOT_RUN.match(above):
                for line in body.splitlines():
                    host.shell(line)
            if named := NAMED.search(above):
                host.write(named[1].removeprefix("/etc/"), body)
            return found[0]

        return FENCE.sub(block, text)


def _answers(host: Host, body: str) -> Iterator[str]:
    for line in body.splitlines():
        if line.startswith("$ "):
            yield line + "\n"
            yield host.run(line[2:])


def commands(page: Path) -> Iterator[list[str]]:
    """The jailpf command lines of a page's `sh` and `console` blocks."""
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        for line in body.splitlines() if language in ("sh", "console") else ():
            found = re.match(r"(?:[$#] )?(?:doas |sudo )?jailpf (.*)", line)
            if found:
                yield shlex.split(found[1].partition(" > ")[0], comments=True)


def main() -> int:
    """Refresh every page."""
    for page in PAGES:
        text = fresh(page)
        if text != page.read_text(encoding="utf-8"):
            page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
