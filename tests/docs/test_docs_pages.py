"""The docs say what is: every example is run, every link leads somewhere, every word of ours exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import doc_examples
import pytest
import reference

from jailpf import plugin
from jailpf.cli import main, parser
from jailpf.cli.commands import COMMANDS
from jailpf.declare.host import Host
from jailpf.declare.jail_table import JailTable
from jailpf.declare.rules import Service
from jailpf.declare.schema import keys
from jailpf.declare.settings import PROGRAMS, Settings, Watch
from jailpf.errors import UsageError
from jailpf.registry import build

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = doc_examples.PAGES
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)|(?:src|href)=\"([^\"#]+)\"")
# What was read and seen before anything was built; it speaks of what others have and of what is to come.
BACKGROUND = DOCS / "explanation" / "facts"
OWN = [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_shows_is_what_happens(page: Path) -> None:
    """Every console of a page was run on the simulated pf, in the page's order, with the page's files."""
    assert page.read_text() == doc_examples.fresh(page), f"out of date; run: {doc_examples.REFRESH}"


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    """A `sh` block that no stand-in can run has its reason in the source; there are no more of them than these."""
    marks = [found[1] for page in PAGES for found in re.finditer(doc_examples.NOT_RUN.pattern[:-1], page.read_text())]
    assert len(marks) == 7
    assert all(len(why.split()) > 4 for why in marks)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_command_lines_of_a_page_can_be_typed(page: Path) -> None:
    """Also where nothing is run: the command exists, and takes these options."""
    for words in doc_examples.commands(page):
        try:
            parser.parse(words)
        except SystemExit:
            assert {"--help", "--version"} & set(words), words
        except UsageError as wrong:
            pytest.fail(f"{' '.join(words)}: {wrong}")


@pytest.mark.parametrize("page", [page for page in OWN if BACKGROUND not in page.parents], ids=_name)
def test_commands_that_prose_names_exist(page: Path) -> None:
    """`jailpf WORD` in running text is a command."""
    known = {command.name for command in COMMANDS}
    for found in re.finditer(r"`jailpf ([a-z]+)", page.read_text()):
        assert found[1] in known, found[0]


@pytest.mark.parametrize("page", [page for page in OWN if BACKGROUND not in page.parents], ids=_name)
def test_options_that_prose_names_exist(page: Path) -> None:
    """`jailpf WORD --option` in running text: that command has that option."""
    commands = {command.name: command for command in COMMANDS}
    common = {"-c", "--pf", "--run", "--plans", "-v", "--verbose", "--help", "-h"}
    for line in re.findall(r"`jailpf ([a-z]+ [^`\n]*)`", page.read_text()):
        command = commands[line.split()[0]]
        inner = [command, *(one for one in command.subcommands if one.name in line.split())]
        flags = {flag for one in inner for option in one.options for flag in option.flags}
        flags |= {"--json"} if any(one.json for one in inner) else set()
        for flag in re.findall(r"(?<!\S)(--?[a-zA-Z][\w-]*)", line):
            assert flag in flags | common, line


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("*.md")), ids=_name)
@pytest.mark.usefixtures("base_system")
def test_generated_parts_are_fresh(page: Path) -> None:
    """What stands between the marks is what the declarations say now."""
    assert page.read_text() == reference.fresh(page), f"out of date; run: {reference.REFRESH}"


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", OWN, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture is a file that is there, and every anchor a heading."""
    for target, anchor, source in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        path = target or source
        if path.startswith(("http:", "https:", "mailto:")):
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), path
        if anchor:
            assert anchor[1:] in _anchors(file), f"{path}{anchor}"


def test_every_page_is_reached_from_the_index() -> None:
    """From docs/index.md one comes to every page."""
    todo, seen = [DOCS / "index.md"], set()
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        todo += [(page.parent / target).resolve() for target, _, _ in LINK.findall(page.read_text()) if target]
    assert {page for page in PAGES if DOCS in page.parents} <= seen


def test_every_key_is_in_the_reference() -> None:
    """Each key of each file has a row."""
    text = "".join((DOCS / "reference" / name).read_text() for name in ("settings.md", "declarations.md"))
    for cls in (
        Settings,
        Host,
        Watch,
        JailTable,
        Service,
        *build().rule_types.values(),
        *build().manager_keys().values(),
    ):
        for name, (_, one) in keys(cls).items():
            assert f"| `{name}` |" in text
            assert one.type is bool or one.choices or f"| {one.type.__name__}" in text
    assert all(f"| `{name}` |" in text for name in PROGRAMS)


def test_every_kind_of_value_is_explained() -> None:
    """What the tables call Port, Peer, ... is a row of the page about values."""
    text = (DOCS / "reference" / "values.md").read_text()
    for cls in (
        Settings,
        Host,
        Watch,
        JailTable,
        Service,
        *build().rule_types.values(),
        *build().manager_keys().values(),
    ):
        for _, one in keys(cls).values():
            if one.type is not bool and not one.choices:
                assert f"| {one.type.__name__} |" in text


def test_every_hook_has_its_exact_signature() -> None:
    """The signature in the docs is the one of hookspecs.py."""
    text = (DOCS / "reference" / "hooks.md").read_text()
    assert len(reference.HOOKS) == 5
    for name in reference.HOOKS:
        assert f"### {name}\n" in text
        assert reference.signature(name) in text


def test_every_name_of_the_api_stands_alone() -> None:
    """Each name of jailpf.plugin has a heading and a docstring of its own; `__all__` is all, sorted."""
    text = (DOCS / "reference" / "plugin-api.md").read_text()
    public = {name for name in vars(plugin) if not name.startswith("_")} - {"annotations"}
    assert set(plugin.__all__) == public
    for name in plugin.__all__:
        assert f"### {name}\n" in text or f"`{name}`" in text
        what = getattr(plugin, name)
        if isinstance(what, type):
            assert len(what.__doc__ or "") > 20, name
            assert "(" not in (what.__doc__ or "").split("\n")[0][: len(name) + 1], (
                f"{name}: a docstring of dataclass()"
            )


@pytest.mark.parametrize("command", ["doctor", "plugins"])
def test_shapes_without_an_example_are_as_described(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no example is run, because the answer depends on the machine, the keys are those that the page names."""
    file = tmp_path / "jailpf.toml"
    file.write_text('pf = "simulated"\n[host]\next_if = "em0"\n')
    file.chmod(0o644)
    main(["-c", str(file), "--run", str(tmp_path / "run"), command, "--json"])
    answer = json.loads(capsys.readouterr().out)
    rows = next(value for value in answer.values() if isinstance(value, list))
    name = next(key for key, value in answer.items() if value is rows)
    shape = "{" + ", ".join(f'"{key}"' for key in rows[0]) + "}"
    assert f"`{name}` is a list of `{shape}`" in (DOCS / "reference" / "json.md").read_text()


def test_every_command_with_json_has_a_shape() -> None:
    """Each command that takes --json is a heading of the page, and named at its top."""
    text = (DOCS / "reference" / "json.md").read_text()
    for command in COMMANDS:
        assert (f"\n## {command.name}\n" in text) is command.json, command.name
        assert (f"`{command.name}`" in text.split("answer one object")[0]) is command.json, command.name
