"""jailpf.toml and toml_places: where things stand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from hypothesis import strategies as st
from tries import hold, tries

from jailpf.declare.places import KEY, scan
from jailpf.declare.toml import MAX_BYTES, Document, load, parse
from jailpf.errors import ConfigError, DeclarationError, Place

if TYPE_CHECKING:
    from pathlib import Path

BARE = st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True)
ODD = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=4), st.sampled_from(["=", "\0", "", "a.b", "#", "]", '"""', "'''"])
)
KEYS = st.one_of(BARE, BARE, ODD)
STRINGS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["#", "]", "}", ",", "a\nb", '"', "'", '"""', "\\", "[x]", "= 1", "\r\n"]),
)
SCALAR = st.one_of(
    st.integers(-99, 99),
    st.booleans(),
    STRINGS,
    st.sampled_from([1.5, -0.0, 1e9]),
    st.dates(),
    st.times(),
    st.datetimes(),
)


def basic(text: str) -> str:
    escaped = "".join(f"\\u{ord(c):04x}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c for c in text)
    return f'"{escaped}"'


class Writer:
    """Writes a document key by key, with blanks, comments and every spelling, and remembers what it wrote where."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.values: dict[tuple[str | int, ...], int] = {}
        self.keys: dict[tuple[str | int, ...], int] = {}
        self.headers: dict[tuple[str | int, ...], int] = {}

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def blank(self, lines: bool) -> None:
        self.text += self.one_of(
            "", "", " ", "\t", " \n" if lines else " ", "# ]}, \"'''\n" if lines else "", "\r\n" if lines else ""
        )

    def key(self, key: str) -> str:
        if key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key) and self.draw(st.booleans()):
            return key
        if "'" not in key and key.isprintable() and self.draw(st.booleans()):
            return f"'{key}'"
        return basic(key)

    def string(self, text: str) -> str:
        if (
            "'''" not in text
            and not text.endswith("'")
            and "\r" not in text
            and "\\" not in text
            and text.replace("\n", "").isprintable()
            and self.draw(st.booleans())
        ):
            return f"'''{text}'''"
        if self.draw(st.booleans()):
            return f'""{basic(text)}""'
        return basic(text)

    def value(self, path: tuple[str | int, ...], value: Any) -> None:
        self.values[path] = len(self.text)
        if isinstance(value, list):
            self.text += "["
            for number, one in enumerate(value):
                self.blank(True)
                self.value((*path, number), one)
                self.blank(True)
                self.text += "," if number < len(value) - 1 or self.draw(st.booleans()) else ""
            self.blank(True)
            self.text += "]"
        elif isinstance(value, dict):
            self.text += "{"
            for number, (key, one) in enumerate(value.items()):
                self.text += ", " if number else ""
                self.pair(path, key, one)
                self.blank(False)
            self.text += "}"
        elif isinstance(value, str):
            self.text += self.string(value)
        else:
            self.text += tomlkit.item(value).as_string()

    def pair(self, path: tuple[str | int, ...], key: str, value: Any) -> None:
        self.blank(False)
        self.keys[(*path, key)] = len(self.text)
        self.text += self.key(key)
        self.blank(False)
        if isinstance(value, dict) and len(value) == 1 and self.draw(st.booleans()):
            ((inner, value),) = value.items()
            self.text += f".{self.one_of('', ' ')}{self.key(inner)}"
            key, path = inner, (*path, key)
            self.keys[(*path, key)] = self.keys[path]
        self.text += self.one_of("=", " = ", "\t=")
        self.value((*path, key), value)

    def table(self, path: tuple[str | int, ...], table: dict[str, Any], names: list[str], many: bool = False) -> None:
        if names:
            self.blank(True)
            self.text += "" if self.text.endswith("\n") or not self.text else "\n"
            self.blank(False)
            self.headers[path] = len(self.text)
            inside = self.one_of(".", " . ", ". ").join(map(self.key, names))
            self.text += f"[[{inside}]]" if many else f"[{inside}]"
            self.text += self.one_of("\n", " # x\n", "\r\n", " \n\n")
        deep = {k: v for k, v in table.items() if isinstance(v, dict) and self.draw(st.booleans())}
        arrays = {
            k: v
            for k, v in table.items()
            if isinstance(v, list) and v and all(isinstance(one, dict) for one in v) and self.draw(st.booleans())
        }
        for key, value in table.items():
            if key not in deep and key not in arrays:
                self.pair(path, key, value)
                self.text += self.one_of("\n", " # x ]\n", "\r\n")
        for key, value in deep.items():
            self.table((*path, key), value, [*names, key])
        for key, values in arrays.items():
            for number, value in enumerate(values):
                self.table((*path, key, number), value, [*names, key], many=True)


TABLES = st.recursive(
    st.dictionaries(KEYS, SCALAR, max_size=3),
    lambda inner: st.dictionaries(
        KEYS,
        st.one_of(SCALAR, inner, st.lists(st.one_of(SCALAR, inner), max_size=3), st.lists(inner, max_size=2)),
        max_size=4,
    ),
    max_leaves=12,
)


@st.composite
def documents(draw: Any) -> Writer:
    writer = Writer(draw)
    writer.table((), draw(TABLES), [])
    return writer


def position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


@tries(60, 1500)
def test_every_key_and_value_has_its_place(tries: int) -> None:
    """In any document each key, value, array element and header is found where it was written."""

    def holds(written: Writer) -> None:
        document = parse(written.text, "f")
        places = scan(written.text)
        for path, at in written.values.items():
            assert places[path] == position(written.text, at), path
        for path, at in written.keys.items():
            if path in written.values:
                assert places[(*path, KEY)] == position(written.text, at), path
        for path, at in written.headers.items():
            assert places[path] == position(written.text, at), path
            assert document.place(path) == Place("f", *position(written.text, at))

    hold(tries, holds, documents())


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("a = 1\n", ("a",), (1, 5)),
        ("a = 1\n", ("a", KEY), (1, 1)),
        ("a = 1\n", ("a", 0), (1, 5)),
        ('a = { "=" = 1 }\n', ("a", KEY), (1, 1)),
        ('a = { "=" = 1 }\n', ("a", "="), (1, 13)),
        ("a = 1\n", ("b",), (1, 1)),
        ("\n\n[t]\nk = 1\n", (), (1, 1)),
        ("\n\n[t]\nk = 1\n", ("t", "missing"), (3, 1)),
        ("[t.u]\n[t]\n", ("t",), (2, 1)),
        ("[t.u]\n", ("t",), (1, 1)),
        ("[[t]]\n[[t]]\nk = 1\n[t.u]\nx = 2\n", ("t", 1, "u", "x"), (5, 5)),
        ("a.b.c = 1\n", ("a", "b"), (1, 1)),
        ("a.b.c = 1\n", ("a", "b", "c"), (1, 9)),
        ("a = [\n  1, # one\n  [2,\n  3]]\n", ("a", 1, 1), (4, 3)),
        ("a = { b = { c = [1, 2] } }\n", ("a", "b", "c", 1), (1, 21)),
        ('a = """\n]\n""""\nb = 1\n', ("b",), (4, 5)),
        ("a = '''x''''\nb = 1\n", ("b",), (2, 5)),
        ('"a.b" = 1\n', ("a.b", KEY), (1, 1)),
        ('"\\u0000" = 1\nb = 2\n', ("b", KEY), (2, 1)),
        ("a = 1979-05-27 07:32:00 # x\nb = 1\n", ("b",), (2, 5)),
        ("\ta\t=\t1", ("a",), (1, 6)),
        ("a = 1\r\nb = 2\r\n", ("b",), (2, 5)),
    ],
)
def test_places(text: str, path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    """A path that is not written has the place of the nearest thing around it; the whole is the first line."""
    assert parse(text, "f").place(path) == Place("f", *place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = \n", (1, 5)), ("[a\n", (1, 3)), ("a = 1\0", (1, 6)), ("a = 1 2 = 3\n", (1, 7)),
    ],
)  # fmt: skip
def test_mistakes_of_toml_have_the_place_that_tomllib_names(text: str, place: tuple[int, int]) -> None:
    """One error, of the class that is asked for, in a sentence of one line."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml", ConfigError)
    (problem,) = caught.value.problems
    assert problem.place == Place("f.toml", *place)
    assert problem.message.startswith("not valid TOML: ")
    assert "(at " not in problem.message
    assert "\n" not in problem.message


def test_nesting_without_end_is_an_error() -> None:
    """A file cannot make the parser run out of stack."""
    with pytest.raises(DeclarationError, match="nested more than 32 deep"):
        parse("a = " + "[" * 100_000, "f")


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Name, text and data."""
    file = tmp_path / "a.toml"
    file.write_text("a = 'é'\n")
    file.chmod(0o644)
    assert load(str(file)) == Document(str(file), "a = 'é'\n", {"a": "é"})


def test_bytes_that_are_not_utf_8_have_a_place(tmp_path: Path) -> None:
    """Line and column of the first of them."""
    file = tmp_path / "a.toml"
    file.write_bytes(b"a = 1\nb = '\xff'\n")
    file.chmod(0o644)
    with pytest.raises(DeclarationError) as caught:
        load(str(file))
    assert caught.value.problems[0].place == Place(str(file), 2, 6)


def test_a_missing_file_is_an_error_of_the_class_that_is_asked_for(tmp_path: Path) -> None:
    """Of jailpf.toml or of a declaration."""
    with pytest.raises(ConfigError, match="no such file"):
        load(os.path.join(tmp_path, "none"), ConfigError)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("\n" + ".".join(["a"] * 100_000) + " = 1", (2, 32), "a key of more than 16 parts"),
        ("[" + " . ".join(['"a"'] * 100_000) + "]", (1, 96), "a key of more than 16 parts"),
        ("port = " + "1" * 5000, (1, 8), "a word of 5000 characters"),
        ("port = 0x" + "f" * 6000, (1, 8), "a word of 6002 characters"),
        ("port = " + "[" * 50 + "]" * 50, (1, 40), "nested more than 32 deep"),
        ("x = " + "{a = " * 50 + "1" + "}" * 50, (1, 165), "nested more than 32 deep"),
    ],
)
def test_shapes_that_no_file_has_are_refused_before_they_cost(text: str, place: tuple[int, int], said: str) -> None:
    """With their place, in no time: a key of 100,000 parts took tomllib 21 GB."""
    with pytest.raises(DeclarationError) as caught:
        parse(text, "web.toml")
    (problem,) = caught.value.problems
    assert problem.message == said
    assert problem.place == ("web.toml", *place)


def test_what_stands_in_strings_and_comments_has_no_shape() -> None:
    """Dots, brackets and long words are counted in keys and values only."""
    dots = "." * 100 + "[" * 100 + "x" * 1000
    text = f'# {dots}\na = "{dots}"\nb = \'{dots}\'\nc = """\n{dots}"""\nd = [{", ".join(["1.5"] * 100)}]\n[e.f.g]\nh.i = 1\n'
    assert parse(text, "f").data["a"] == dots


def test_a_file_that_is_larger_than_declarations_are_is_not_parsed(tmp_path: Path) -> None:
    """A million lines belong into a table file."""
    file = tmp_path / "f.toml"
    file.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(DeclarationError, match="larger than 1 MiB"):
        load(str(file))
