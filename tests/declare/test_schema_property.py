"""What the reader accepts, the schema accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from raw_values import table
from tries import hold, tries

from jailpf.declare import settings, toml
from jailpf.declare.jail_table import JailTable
from jailpf.declare.json_schema import host_schema, jail_schema
from jailpf.declare.rules import Service
from jailpf.declare.services import read
from jailpf.errors import ConfigError, DeclarationError
from jailpf.registry import build
from jailpf.values import TableName

if TYPE_CHECKING:
    from pathlib import Path

TYPES = build().rule_types
JAIL = Draft7Validator(jail_schema(TYPES), format_checker=FormatChecker())
HOST = Draft7Validator(host_schema(build().manager_keys()), format_checker=FormatChecker())
SCOPED = {keyword: one for keyword, one in TYPES.items() if one.scope == "service"}
NAMES = st.sampled_from(["web", "a", "b_1", "x" * 30])
SETTINGS = settings.Settings(host=settings.Host(ext_if=(), tables=(TableName("a"),)))


def services() -> st.SearchStrategy[dict[str, Any]]:
    types = {keyword: st.one_of(st.booleans(), table(one)) for keyword, one in SCOPED.items()}
    return st.builds(lambda one, scoped: {**one, **scoped}, table(Service), st.fixed_dictionaries({}, optional=types))


def declarations() -> st.SearchStrategy[dict[str, Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {"service": st.dictionaries(NAMES, services(), max_size=2)}
    found["jail"] = table(JailTable)
    for keyword, one in TYPES.items():
        if one.scope == "jail":
            found[keyword] = st.dictionaries(NAMES, table(one), max_size=2)
    whole = st.fixed_dictionaries({}, optional=found)
    return st.builds(lambda one, dice: one if dice else {**one, "nonsense": {}}, whole, st.integers(0, 29))


def written(data: dict[str, Any]) -> toml.Document:
    return toml.parse(tomlkit.dumps(data), "/nowhere/web.toml")


FEW = 10
"""An accepted file for every few that are made, or the property would say nothing."""


@tries(80, 2000)
def test_a_declaration_that_is_read_is_valid(tries: int) -> None:
    """No editor complains about a jail's file that jailpf takes."""
    accepted = []

    def holds(data: dict[str, Any]) -> None:
        document = written(data)
        try:
            read(document, TYPES, SETTINGS)
        except DeclarationError:
            return
        accepted.append(data)
        assert list(JAIL.iter_errors(document.data)) == []

    hold(tries, holds, declarations())
    assert len(accepted) >= FEW


LAYOUT = st.one_of(
    st.sampled_from(["single", "split", "bastille"]),
    st.dictionaries(
        st.sampled_from(["nat", "rdr", "allow", "filter"]),
        st.sampled_from(["a/{jail}", "a/b.{jail}"]),
        max_size=3,
    ),
)


def hosts() -> st.SearchStrategy[dict[str, Any]]:
    paths = st.sampled_from(["/sbin/pfctl", "/x"])
    parts = {
        "layout": LAYOUT,
        "programs": st.dictionaries(st.sampled_from(["pfctl", "jls"]), paths, max_size=2),
        "managers": st.fixed_dictionaries(
            {}, optional={name.replace(".", "_"): table(cls) for name, cls in build().manager_keys().items()}
        ),
    }
    whole = st.fixed_dictionaries({"host": table(settings.Host)}, optional=parts)
    return st.builds(lambda one, other: {**one, **other}, table(settings.Settings), whole)


@tries(120, 1500)
def test_settings_that_are_read_are_valid(tmp_path: Path, tries: int) -> None:
    """No editor complains about settings that jailpf takes."""
    accepted = []
    file = tmp_path / "jailpf.toml"

    def holds(data: dict[str, Any]) -> None:
        file.write_text(tomlkit.dumps(data))
        file.chmod(0o644)
        try:
            found = settings.read(str(file))
            for name, cls in build().manager_keys().items():
                found.of_manager(name, cls)
        except ConfigError:
            return
        accepted.append(data)
        assert list(HOST.iter_errors(data)) == []

    hold(tries, holds, hosts())
    assert len(accepted) >= FEW
