"""`jailpf schema`: the committed copies, what editors show, and what an editor's own linter says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from jailpf.cli import main
from jailpf.declare.host import Host
from jailpf.declare.jail_table import JailTable
from jailpf.declare.json_schema import host_schema, jail_schema, table_schema
from jailpf.declare.rules import Service
from jailpf.declare.schema import documented
from jailpf.declare.settings import Settings
from jailpf.plugin import Count, Peer, RuleType, key
from jailpf.registry import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.usefixtures("base_system")
@pytest.mark.parametrize("kind", ["jail", "host"])
def test_the_committed_schema_is_fresh(kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """docs/reference has what `jailpf schema` prints now."""
    assert main(["-c", str(tmp_path / "none.toml"), "schema", kind]) == 0
    file = REFERENCE / f"{kind}.schema.json"
    refresh = f"jailpf -c /nonexistent schema {kind} > {file.relative_to(ROOT)}"
    assert file.read_text() == capsys.readouterr().out, f"out of date; run: {refresh}"


def _tables(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema["properties"]
        for one in schema.values():
            yield from _tables(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from _tables(one)


def test_every_key_has_a_hover_text() -> None:
    """Whatever an editor completes, it also explains, in a sentence that ends."""
    for schema in (jail_schema(build().rule_types), host_schema(build().manager_keys())):
        for properties in _tables(schema):
            for name, one in properties.items():
                assert one.get("description", "").endswith("."), name


def test_hover_texts_are_the_keys_sentences() -> None:
    """The schema says what the declaration says, and the default in words behind it."""
    for cls in (*build().rule_types.values(), Service, JailTable, Host, Settings, *build().manager_keys().values()):
        properties = table_schema(cls)["properties"]
        for name, one in documented(cls):
            assert properties[name]["description"].startswith(one.doc)
            assert one.default in properties[name]["description"]


class Nested(RuleType):
    """A rule type with everything that a key can be. It has a second sentence.

    And a second paragraph.
    """

    keyword: ClassVar[str] = "nested"
    kind: str = key(str, "One of two.", choices=("a", "b"), default="a")
    kinds: tuple[str, ...] = key(str, "Some of two.", choices=("a", "b"), many=True)
    count: Count = key(Count, "How many.", required=True)
    who: tuple[Peer, ...] = key(Peer, "Who.", name="from", many=True)
    inner: Host | None = key(Host, "A table in a table.")


def test_a_third_party_type_is_in_the_schema() -> None:
    """Choices, lists, required keys and nested tables of any rule type come out as JSON Schema says them."""
    service = jail_schema({"nested": Nested})["properties"]["service"]["additionalProperties"]["properties"]
    choice = service["nested"]
    assert choice["description"] == (
        "A rule type with everything that a key can be. It has a second sentence. `true`, `false` or a table."
    )
    assert choice["anyOf"][0] == {"type": "boolean"}
    table = choice["anyOf"][1]
    assert table["required"] == ["count"]
    assert table["properties"]["kind"] == {"description": "One of two.", "enum": ["a", "b"], "default": "a"}
    assert table["properties"]["kinds"]["anyOf"][1] == {"type": "array", "items": {"enum": ["a", "b"]}}
    assert "from" in table["properties"]
    assert "ext_if" in table["properties"]["inner"]["properties"]


def _toml() -> Iterable[Path]:
    for folder in ("examples", "docs"):
        for path in sorted((ROOT / folder).rglob("*.toml")):
            if path.name == "jailpf.toml" or path.parent.name == "jails":
                yield path


@pytest.fixture(scope="module")
def tombi() -> str:
    """The linter of the Tombi editor plugins."""
    found = shutil.which("tombi", path=str(Path(sys.executable).parent)) or shutil.which("tombi")
    if found is None:
        pytest.skip("tombi is not installed: pip install tombi")
    return found


def _lint(tombi: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tombi, "lint", "--offline", file.name], cwd=file.parent, capture_output=True, text=True, check=False
    )


def test_an_editor_takes_the_examples(tombi: str, tmp_path: Path) -> None:
    """With a `#:schema` line on top, Tombi finds nothing wrong with any example in the repository."""
    examples = list(_toml())
    assert len(examples) > 4
    for name in ("jail.schema.json", "host.schema.json"):
        shutil.copy(REFERENCE / name, tmp_path)
    (tmp_path / "tombi.toml").write_text("")
    for number, path in enumerate(examples):
        kind = "host" if path.name == "jailpf.toml" else "jail"
        lines = [line for line in path.read_text().split("\n") if not line.startswith("#:schema")]
        (tmp_path / f"{number}.toml").write_text("\n".join([f"#:schema ./{kind}.schema.json", *lines]))
    run = subprocess.run([tombi, "lint", "--offline", "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("jail", "[service.web]\nprot = 80\n"),
        ("jail", "[service.web]\nport = 70000\n"),
        ("jail", "[service.web]\nport = 80\nallow = { max_src_conn = 0 }\n"),
        ("jail", "[nonsense.web]\n"),
        ("host", '[host]\next_ip4 = "any"\n'),
        ("host", 'pf = "ipfw"\n[host]\next_if = "em0"\n'),
    ],
)
def test_an_editor_sees_mistakes(tombi: str, tmp_path: Path, kind: str, text: str) -> None:
    """The `#:schema` line is what makes Tombi refuse a wrong key or value; without it, it would not."""
    shutil.copy(REFERENCE / f"{kind}.schema.json", tmp_path)
    file = tmp_path / "a.toml"
    file.write_text(text)
    assert _lint(tombi, file).returncode == 0
    file.write_text(f"#:schema ./{kind}.schema.json\n{text}")
    assert _lint(tombi, file).returncode == 1


def test_settings_name_the_plugins_whose_types_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`jailpf schema` loads what jailpf.toml names, and says so when it cannot."""
    file = tmp_path / "jailpf.toml"
    file.write_text('plugins = ["not-there"]\n[host]\next_if = "em0"\n')
    file.chmod(0o644)
    assert main(["-c", str(file), "schema"]) == 78
    assert "not-there" in capsys.readouterr().err
    file.write_text('[host]\next_if = "em0"\n')
    assert main(["-c", str(file), "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "jailpf: the declaration of a jail"
