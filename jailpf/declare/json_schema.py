"""JSON Schema (draft-07) of a jail's file and of jailpf.toml, from the same declarations that the reader uses.

Editors show the keys' sentences as hover texts (Taplo and Tombi both take `description`). The rule is: what the reader
accepts, the schema accepts; not the other way round, for a schema cannot say everything.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jailpf.declare.host import Host, Uplink
from jailpf.declare.jail_table import JailTable
from jailpf.declare.layout import LAYOUTS
from jailpf.declare.rules import Service
from jailpf.declare.schema import keys
from jailpf.declare.settings import PROGRAMS, Settings, Watch
from jailpf.declare.words import AbsolutePath
from jailpf.model import SECTIONS
from jailpf.values import Interface, Name, TableName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.declare.rules import RuleType
    from jailpf.declare.schema import Key

DRAFT = "http://json-schema.org/draft-07/schema#"

Schema = dict[str, Any]


def jail_schema(types: Mapping[str, type[RuleType]]) -> Schema:
    """Of a jail's file, with all rule types of the registry."""
    service = table_schema(Service)
    properties: Schema = {
        "jail": _told(table_schema(JailTable), "What the jail manager does not know, or gets wrong."),
        "service": _named(
            _told(service, "What listens in the jail, and the rule types that apply to it."),
            Name,
            "The jail's services.",
        ),
    }
    for keyword, rule_type in sorted(types.items()):
        table = table_schema(rule_type)
        sentence = _sentence(rule_type)
        if rule_type.scope == "service":
            choice: Schema = {"anyOf": [{"type": "boolean"}, table]}
            service["properties"][keyword] = _told(choice, f"{sentence} `true`, `false` or a table.")
        else:
            name = TableName if keyword == "table" else Name
            named = _named(_told(table, sentence), name, f"{sentence} One table for each name.")
            declined: Schema = {"anyOf": [{"const": False}, named]}
            properties[keyword] = _told(declined, named["description"]) if rule_type.default else named
    return {
        "$schema": DRAFT,
        "title": "jailpf: the declaration of a jail",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def host_schema(managers: Mapping[str, type]) -> Schema:
    """Of jailpf.toml. managers: {adapter: the keys of its table}."""
    whole = table_schema(Settings)
    path = r"^[^{}]+\{jail\}$"
    sections = {
        section: {
            "type": "string",
            "pattern": path,
            "description": f"The anchor path of {section} rules: path/{{jail}}.",
        }
        for section in (*SECTIONS, "allow")
    }
    layouts: Schema = {
        "anyOf": [
            {"enum": sorted(LAYOUTS)},
            {"type": "object", "additionalProperties": False, "properties": sections},
        ],
        "default": "single",
    }
    programs = {name: {**AbsolutePath.schema(), "default": default} for name, default in PROGRAMS.items()}
    for name, one in programs.items():
        one["description"] = f"Where {name} is."
    tables = {
        name.replace(".", "_"): _told(table_schema(cls), f"For the adapter {name}.") for name, cls in managers.items()
    }
    whole["properties"] |= {
        "layout": _told(layouts, "The anchor path for each section of a jail's rules."),
        "host": _told(_host(), "The host."),
        "watch": _told(table_schema(Watch), "What `jailpf watch` does."),
        "programs": _told(
            {"type": "object", "additionalProperties": False, "properties": programs},
            "Paths of programs that are not where the base system has them.",
        ),
        "managers": _told(
            {"type": "object", "additionalProperties": False, "properties": tables},
            "Where the jail managers keep their files, if not in the usual place.",
        ),
    }
    return {
        "$schema": DRAFT,
        "title": "jailpf.toml: the settings of a host",
        **whole,
        "required": ["host"],
    }


def _host() -> Schema:
    host = table_schema(Host)
    uplink = _told(table_schema(Uplink), "An uplink other than the default route.")
    host["properties"]["uplink"] = _named(uplink, Interface, "The other uplinks, by the names to use in `on`.")
    return host


def table_schema(cls: type) -> Schema:
    """Of a table with declared keys."""
    declared = keys(cls)
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    schema: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _key(one, defaults[attribute]) for name, (attribute, one) in declared.items()},
    }
    if required := [name for name, (_, one) in declared.items() if one.required]:
        schema["required"] = required
    return schema


def _key(one: Key, default: object) -> Schema:
    value = _value(one)
    if one.many:
        array = {"type": "array", "items": value} if one.empty else {"type": "array", "items": value, "minItems": 1}
        value = {"anyOf": [value, array]}
    if isinstance(default, bool | str) and not isinstance(default, dataclasses.Field):
        value = {**value, "default": default}
    return _told(value, one.doc + (f" Default: {one.default}." if one.default else ""))


def _value(one: Key) -> Schema:
    if one.type is bool:
        return {"type": "boolean"}
    if one.choices:
        return {"enum": list(one.choices)}
    if hasattr(one.type, "schema"):
        return dict(one.type.schema())
    if dataclasses.is_dataclass(one.type):
        return table_schema(one.type)  # type: ignore[arg-type]
    return {}


def _named(table: Schema, name: type[Interface | Name | TableName], sentence: str) -> Schema:
    return _told({"type": "object", "propertyNames": name.schema(), "additionalProperties": table}, sentence)


def _told(schema: Schema, sentence: str) -> Schema:
    return {"description": sentence, **schema}


def _sentence(cls: type) -> str:
    """The first paragraph of a rule type's docstring."""
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())
