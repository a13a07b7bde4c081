"""Write the key tables of jailpf.toml.5 from the declarations: `python man/keys.py`, or `--check` for a test."""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.declare.host import Host, Uplink
from jailpf.declare.rules import RuleType, Service
from jailpf.declare.schema import Key, keys
from jailpf.declare.services import JailTable
from jailpf.declare.settings import Settings, Watch
from jailpf.registry import build
from jailpf_plugins import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("jailpf.toml.5")
BEGIN, END = '.\\" BEGIN GENERATED keys\n', '.\\" END GENERATED keys\n'


def tables() -> Iterator[tuple[str, str, type]]:
    """(heading, first sentence, class) of every table of keys, in the order of the page."""
    yield "The settings themselves", "At the top of the file.", Settings
    yield "[host] of the settings", "The host's side.", Host
    yield "[host.uplink.NAME] of the settings", "Another way outside than that of the default route.", Uplink
    yield "[watch] of the settings", "What `jailpf watch` does.", Watch
    for name, cls in build().manager_keys().items():
        yield f"[managers.{name.replace('.', '_')}] of the settings", f"Of the adapter {name}.", cls
    yield "[jail] of a declaration", "What the jail's manager does not know, or knows wrongly.", JailTable
    yield "[service.NAME] of a declaration", "What listens in the jail.", Service
    for module in BUILT_IN:
        for rule_type in module.jailpf_rule_types():
            assert issubclass(rule_type, RuleType)  # noqa: S101 - for mypy
            word = rule_type.keyword
            heading = f"{word} of a service" if rule_type.scope == "service" else f"[{word}.NAME] of a declaration"
            yield heading, (rule_type.__doc__ or "").split("\n\n")[0], rule_type


def region() -> str:
    """What stands between the marks."""
    lines = []
    for heading, sentence, cls in tables():
        lines += [f".Ss {heading}", *prose(sentence), ".Bl -tag -width Ds"]
        for name, (attribute, one) in keys(cls).items():
            kind = " Pq true | false" if one.type is bool else " Pq one or a list" if one.many else ""
            lines += [f".It Ic {name}{kind}", *prose(one.doc)]
            if one.choices:
                lines += prose("One of " + ", ".join(f'"{word}"' for word in one.choices) + ".")
            if text := default(cls, attribute, one):
                lines += prose(text)
        lines.append(".El")
    return "\n".join(lines) + "\n"


def default(cls: type, attribute: str, one: Key) -> str:
    """The sentence about what holds without the key."""
    if one.required:
        return "Required."
    if one.default:
        return f"Default: {one.default}."
    value = next(field.default for field in dataclasses.fields(cls) if field.name == attribute)
    if isinstance(value, bool):
        return f"Default: {str(value).lower()}."
    if isinstance(value, str) and value:
        return f'Default: "{value}".'
    if isinstance(value, tuple) and value and all(type(each) is str for each in value):
        return "Default: [" + ", ".join(f'"{each}"' for each in value) + "]."
    return ""


def prose(text: str) -> list[str]:
    """Text lines for mdoc(7): a new line for each sentence, none too long, none that begins like a request."""
    text = re.sub(r"`([^`]*)`", r'"\1"', " ".join(text.split())).replace("\\", "\\e")
    lines = []
    for sentence in re.split(r"(?<=[a-z0-9)\]][.?]) (?=[A-Z])", text):
        lines += textwrap.wrap(sentence, 78, break_long_words=False, break_on_hyphens=False)
    return [f"\\&{line}" if line.startswith((".", "'")) else line for line in lines]


def page() -> str:
    """The page with its region made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + region() + END + after


if __name__ == "__main__":
    made = page()
    if "--check" in sys.argv:
        sys.exit(made != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(made, encoding="utf-8")
