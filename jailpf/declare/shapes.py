"""What stands in a jail's file in another shape than it has there, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.declare.rules import Service
from jailpf.declare.schema import keys
from jailpf.values import Name, TableName
from jailpf.values.base import describe
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jailpf.declare.rules import RuleType
    from jailpf.declare.schema import Reader
    from jailpf.declare.toml import KeyPath


def no_rule_type(reader: Reader, keyword: str, value: object, jail_types: Mapping[str, type[RuleType]]) -> None:
    """A word at the top that begins no table of a jail's file."""
    from jailpf.system.installed import entry_points

    path: KeyPath = (keyword,)
    near = did_you_mean(keyword, [*jail_types, "service", "jail"])
    home = reader.home(keyword)
    if not isinstance(value, dict | list) and home:
        below = reader.known.homes[keyword][0]
        remedy = (
            f"write {below} above it"
            if below.startswith("[") and "jailpf.toml" not in below
            else f"it is a key of {below}"
        )
        if "jailpf.toml" in home and not remedy.endswith(home[14:]):
            remedy = f"for all jails it is a key of {next(one for one in reader.known.homes[keyword] if 'jailpf.toml' in one)}; {remedy}"
        reader.wrong(path, f"{keyword!r} belongs above all tables", remedy)
    elif keyword in ("host", "programs", "managers", "layout"):
        reader.wrong(path, f"[{keyword}] is not a table of a jail's file", "it belongs in jailpf.toml")
    elif keyword in entry_points():  # plugins are mostly called as their rule type
        remedy = f"the plugin {keyword!r} is installed but not enabled: add it to `plugins` in jailpf.toml"
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)
    elif not near.startswith("did") and not home and isinstance(value, dict) and set(value) & set(keys(Service)):
        remedy = (
            f"write [service.{keyword}]: a service has a name of your choice, and the file's name says which jail it is"
        )
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)
    else:
        remedy = near if near.startswith("did") else home or near
        idle = sorted(set(entry_points()) - set(reader.known.plugins))
        if idle and not near.startswith("did") and not home:
            remedy += f"; {' and '.join(idle)} {'is' if len(idle) == 1 else 'are'} installed, and not in `plugins` of jailpf.toml"
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)


def named(
    reader: Reader, keyword: str, data: Mapping[str, Any], known: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables [KEYWORD.NAME] of a keyword, as far as they are some. known: the keys that such a table has."""
    raw = data[keyword]
    if isinstance(raw, list) and raw and isinstance(raw[0], dict):
        name = raw[0].get("name", "NAME")
        reader.wrong(
            (keyword,),
            f"[{keyword}.NAME] is a table, not an array",
            f"write [{keyword}.{name}], with single brackets and a name",
        )
        return
    if not isinstance(raw, dict | list):
        remedy = f"write [{keyword}.NAME] on a line of its own, with its keys below"
        if keyword == "nat":
            remedy += "; for all jails it is [host] nat in jailpf.toml"
        reader.wrong((keyword,), f"[{keyword}.NAME] is a table, not {describe(raw)}", remedy)
        return
    own = [name for name in raw if name in known and not isinstance(raw[name], dict)] if isinstance(raw, dict) else []
    if own:
        said = " and ".join(f"`{name}`" for name in own)
        remedy = f"write [{keyword}.NAME], with a name of your choice, above {'it' if len(own) == 1 else 'them'}"
        reader.wrong(
            (keyword, own[0]), f"{said} stand{'s' if len(own) == 1 else ''} in [{keyword}], which has no name", remedy
        )
    for name, table in reader.table((keyword,), raw, f"[{keyword}.NAME]").items():
        if name in own:
            continue
        path: KeyPath = (keyword, name)
        try:
            (TableName if keyword == "table" else Name).parse(name)
        except ValueError as wrong:
            reader.wrong(path, str(wrong))
        if isinstance(table, dict):
            yield name, table
        else:
            reader.wrong(
                path,
                f"[{keyword}.NAME] is a table, not {describe(table)}",
                f"write [{keyword}.NAME] above its keys",
            )


def meant(keyword: str, raw: object) -> str:
    """What somebody meant who wrote a value where keys belong."""
    if isinstance(raw, int) and keyword == "rdr":
        return f"write rdr = {{ port = {raw} }} for the port outside"
    if str(raw).lower() in ("no", "false", "off"):
        return f"write {keyword} = false, without quotes"
    if str(raw).lower() in ("yes", "true", "on"):
        return f"write {keyword} = true, without quotes"
    return ""
