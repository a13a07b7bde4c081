"""What is wrong with a text that is no TOML, in words about the line itself: tomllib's are about Python and grammar.

A mistake that nobody has thought of keeps tomllib's words. No remedy lets in more than was written.
"""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

from jailpf.declare.places import KEY, scan
from jailpf.values.near import unseen

_PAIR = re.compile(r"\s*(?P<key>[^=+:\s][^=+:]*?)\s*(?P<op>\+=|=)\s*(?P<rest>.*?)\s*$")
_HEADER = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]\s*(?:#.*)?$")
_BARE = re.compile(r"[A-Za-z0-9_.:/<>()!@*%+-]+")
_WORDS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false", "none": "false"}
_QUOTES = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
FURTHEST = 200


class Explained(NamedTuple):
    """The sentence, what to do, and where (lines and columns from 1)."""

    sentence: str
    remedy: str
    line: int
    column: int


def explain(text: str, message: str, line: int) -> Explained | None:
    """The mistake behind tomllib's message, None when it is not one of those that are known here."""
    if "\r" in text.replace("\r\n", ""):
        at = text.replace("\r\n", "\n\n").index("\r")
        remedy = "tr '\\r' '\\n' < FILE > NEW makes lines of them"
        return Explained("the lines end in CR alone, as on an old Mac", remedy, 1, at + 1)
    lines = text.split("\n")
    start = _start(lines, line)
    shown = lines[start - 1].rstrip("\r") if start <= len(lines) else ""
    if again := _twice(lines, start, shown, message):
        return again
    if marks := re.match(r"(<<<<<<<|=======|>>>>>>>)", shown):
        return Explained(
            f"git's conflict mark {marks[1]} is here", "keep one of the two sides, and remove the marks", start, 1
        )
    if hidden := unseen(shown.strip()):
        sentence, _, _ = hidden.partition("; ")
        at = next(n for n, letter in enumerate(shown) if not letter.isascii() and unseen(f"a{letter}a"))
        return Explained(sentence.replace(" is in it", " is here"), "delete it, and type a plain blank", start, at + 1)
    if re.match(r"\s*(//|/\*|;|--|')", shown) and "=" not in shown.split("#")[0][:3]:
        return Explained(
            "this does not begin a comment", "comments begin with `#`", start, len(shown) - len(shown.lstrip()) + 1
        )
    if found := re.match(r"\s*(\w+)\s+([\w-]+)\s*\{\s*$", shown):
        return Explained(
            "this is the syntax of jail.conf or UCL, not TOML",
            f"write [{found[1]}.{found[2]}] with its keys below, without braces",
            start,
            found.start(1) + 1,
        )
    pair = _PAIR.match(shown)
    return _value(lines, start, pair) if pair else None


def _start(lines: list[str], line: int) -> int:
    """The line where the statement begins that is wrong: what stands above it is TOML."""
    for above in range(min(line, len(lines)), max(0, line - FURTHEST), -1):
        if _sound("\n".join(lines[: above - 1])):
            return above
    return line


def _sound(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _twice(lines: list[str], start: int, shown: str, message: str) -> Explained | None:
    """A key or a table that already exists."""
    if not re.match(r"(?i)cannot (overwrite|declare|mutate|redefine)", message):
        return None
    places = scan("\n".join(lines[: start - 1]))
    header = [name for name in (_HEADER.match(each) for each in lines[: start - 1]) if name]
    table = tuple(_keys(header[-1]["name"])) if header else ()
    if own := _HEADER.match(shown):
        path = tuple(_keys(own["name"]))
        if found := places.get((*path, 0)):
            sentence = f"[{own['name'].strip()}] is a list of tables since line {found[0]}"
            return Explained(sentence, f"write [[{own['name'].strip()}]]", start, 1)
        for size in range(len(path), 0, -1):
            if path[:size] in places:
                first = places[path[:size]][0]
                what = ".".join(path[:size])
                if size < len(path) or (*path, KEY) in places:
                    sentence = (
                        f"`{path[size - 1]}` is already set on line {first}, and [{own['name'].strip()}] is its table"
                    )
                    return Explained(sentence, f"remove line {first}: the table is enough", start, 1)
                if not lines[first - 1].lstrip().startswith("["):
                    remedy = f"write all its keys below one [{what}]"
                    return Explained(f"`{what}` is already defined by the dotted key on line {first}", remedy, start, 1)
                remedy = "add the keys there, or give this one another name"
                return Explained(f"[{what}] is written twice, first on line {first}", remedy, start, 1)
        return None
    pair = _PAIR.match(shown)
    if pair is None:
        return None
    keys = _keys(pair["key"])
    found = places.get((*table, *keys, KEY)) or places.get((*table, *keys))
    where = f"[{'.'.join(table)}]" if table else "this file"
    if not found:
        return None
    earlier = _PAIR.match(lines[found[0] - 1])
    both = f"{earlier['rest']}, {pair['rest']}" if earlier else ""
    remedy = "remove one of them"
    if both and not re.search(r"[\[\]{}#]|true|false", both):
        remedy += f"; several values are one list: {pair['key']} = [{both}]"
    return Explained(
        f"`{pair['key']}` is written twice in {where}, first on line {found[0]}", remedy, start, pair.start("key") + 1
    )


def _keys(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]


def _value(lines: list[str], start: int, pair: re.Match[str]) -> Explained | None:
    """What is wrong behind `key =`."""
    key, rest, at = pair["key"], pair["rest"], pair.start("rest") + 1
    plain = re.sub(r"\s+#.*$", "", rest)
    if pair["op"] == "+=":
        earlier = next(
            (m["rest"] for m in map(_PAIR.match, reversed(lines[: start - 1])) if m and m["key"] == key), "..."
        )
        earlier = re.sub(r"\s+#.*$", "", earlier).strip("[]")
        return Explained(
            "TOML has no +=", f"write one list: {key} = [{earlier}, {plain.strip('[]')}]", start, pair.start("op") + 1
        )
    if quote := next((letter for letter in plain if letter in _QUOTES), ""):
        straight = "".join('"' if letter in _QUOTES else letter for letter in plain)
        return Explained(f"{quote} is a curly quote (U+{ord(quote):04X})", f"write {key} = {straight}", start, at)
    if plain[:1] == "[":
        return _array(key, plain, start, at)
    if plain[:1] == "{":
        return _braces(lines, key, plain, start, at)
    if plain[:1] in "\"'" and plain:
        closing = plain.find(plain[0], 1)
        if closing < 0:
            return Explained(
                f"the string that begins here has no closing {plain[0]}", f"write {key} = {plain}{plain[0]}", start, at
            )
        behind = plain[closing + 1 :].strip()
        words = [word for word in re.split(r"[,\s]+", plain) if word]
        if behind.startswith(",") and len(words) > 1:
            return Explained("several values need brackets", f"write {key} = [{', '.join(words)}]", start, at)
    if plain[-1:] in (",", ";") and (good := plain.rstrip(",; ")):
        more = sum(bool(re.search(r"[;,]\s*(#.*)?$", each)) and "=" in each for each in lines[start:])
        others = f" here and on {more} more line{'s' if more > 1 else ''}" if more else ""
        shown_value = good if _sound(f"v = {good}") else f'"{good}"'
        remedy = f"write {key} = {shown_value}: remove the {plain[-1]!r}{others}"
        return Explained("nothing may follow a value", remedy, start, at + len(good))
    if plain.lower() in _WORDS:
        return Explained(f"{plain!r} is not a TOML value", f"write {key} = {_WORDS[plain.lower()]}", start, at)
    if re.fullmatch(r"0\d+", plain):
        return Explained("a number has no leading zeros", f"write {key} = {int(plain)}", start, at)
    parts = [part for part in re.split(r"[,\s]+", plain) if part]
    if len(parts) > 1 and all(map(_BARE.fullmatch, parts)):
        return Explained(
            "several values need brackets and commas",
            f"write {key} = [{', '.join(map(_quoted, parts))}]",
            start,
            at,
        )
    if _BARE.fullmatch(plain) and not _sound(f"v = {plain}"):
        return Explained("a string needs quotes", f'write {key} = "{plain}"', start, at)
    return None


def _quoted(word: str) -> str:
    return word if _sound(f"v = {word}") else f'"{word}"'


def _array(key: str, plain: str, start: int, at: int) -> Explained | None:
    if "]" not in plain:
        remedy = "close it with ]" + (f": {key} = {plain.rstrip(',')}]" if _sound(f"v = {plain}]") else "")
        return Explained("the array that begins here has no closing bracket", remedy, start, at)
    words = re.findall(r'"[^"]*"|\'[^\']*\'|[^\s,\[\]]+', plain)
    good = f"[{', '.join(map(_quoted, words))}]"
    if words and _sound(f"v = {good}") and good != plain:
        bare = next((word for word in words if _quoted(word) != word), "")
        what = (
            f"{bare} needs quotes"
            if bare
            else f"a comma is missing between {words[0]} and {words[1]}"
            if len(words) > 1
            else ""
        )
        return Explained(what, f"write {key} = {good}", start, at) if what else None
    return None


def _braces(lines: list[str], key: str, plain: str, start: int, at: int) -> Explained | None:
    inside = plain.strip("{} ")
    if "=" not in inside and inside and "}" in plain:
        words = [word for word in re.split(r"[,\s]+", inside) if word]
        return Explained(
            "several values need brackets and commas",
            f"write {key} = [{', '.join(map(_quoted, words))}]",
            start,
            at,
        )
    if "}" not in plain:
        header = [found for found in (_HEADER.match(each) for each in lines[: start - 1]) if found]
        above = header[-1]["name"].strip() + "." if header else ""
        remedy = f"write [{above}{key}] with its keys below, without braces and commas"
        return Explained("a table in { } must be on one line", remedy, start, at)
    if re.search(r",\s*\}$", plain):
        return Explained(
            "a table in { } has no comma after its last key",
            f"write {key} = " + re.sub(r",\s*\}$", " }", plain),
            start,
            at,
        )
    return None
