"""Rule types of plugins, and rules that a listener adds: labels, places, order, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from compiling import compiled, lines, problems

from jailpf.errors import Place, PluginError
from jailpf.model import Rule, Table
from jailpf.plugin import Context, Count, Keys, Name, Port, RuleType, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Weekly(Keys):
    """A table in a table."""

    days: tuple[Name, ...] = key(Name, "The days.", many=True)
    rank: str = key(str, "How.", choices=("high", "low"), default="low")

    def problems(self) -> Iterator[tuple[str, str]]:
        """No day twice."""
        for number, day in enumerate(self.days):
            if day in self.days[:number]:
                yield f"days.{number}", f"{day} is already in the list"


class Hours(RuleType):
    """When a service is open."""

    keyword = "hours"
    rank = 20

    on: Weekly | None = key(Weekly, "The days.")
    weeks: tuple[Weekly, ...] = key(Weekly, "Several.", many=True)
    limit: Count | None = key(Count, "How many.", required=True)

    def render(self, context: Context) -> Iterable[Rule]:
        """A block rule, above the pass rules."""
        if self.limit == 13:
            raise context.error("unlucky; take 14", "limit")
        if self.limit == 14:
            return
        for side in context.sides():
            yield Rule(action="block", direction="in", quick=True, family=side.family, to=side.jail)


class TestPluginsTypes:
    """Rule types of others."""

    def test_they_stand_by_their_rank(self) -> None:
        """Below rdr and above allow, whatever the order of the keys."""
        text = "[service.a]\nport = 80\nhours = { limit = 1 }\nrdr = true\n"
        assert [line.split()[0] for line in lines(compiled(text, Hours))] == [
            "rdr",
            "rdr",
            "block",
            "block",
            "pass",
            "pass",
        ]

    def test_tables_in_tables_have_places(self) -> None:
        """Unknown keys, bad values, bad choices and cross-checks, each where it is written."""
        text = (
            "[service.a]\nport = 80\n[service.a.hours]\nlimit = 0\non = { days = ['mo', 'mo'], rang = 1 }\n"
            "weeks = [{ days = ['a', 'b', 'a'] }, { rank = 'hihg' }, 5]\n"
        )
        assert problems(text, Hours) == [
            "web.toml:4:9: 0 is out of range; 1 to 4294967295",
            "web.toml:5:29: 'rang' is not a key of [service.a.hours.on]; did you mean 'rank'?",
            "web.toml:6:30: a is already in the list",
            "web.toml:6:47: 'hihg' is not one of \"high\", \"low\"; did you mean 'high'?",
            "web.toml:6:57: [service.a.hours.weeks.2] is a table, not a number",
        ]

    def test_what_is_required(self) -> None:
        """Said at the table that lacks it."""
        assert problems("[service.a]\nport = 80\nhours = {}\n", Hours) == [
            "web.toml:3:9: [service.a.hours] has no 'limit'; add limit = ..."
        ]

    def test_an_error_while_rendering_has_the_key_s_place(self) -> None:
        """With its remedy."""
        assert problems("[service.a]\nport = 80\nhours = { limit = 13 }\n", Hours) == [
            "web.toml:3:19: unlucky; take 14"
        ]

    def test_no_rule_is_an_error(self) -> None:
        """Never silence, even when the type gives no reason."""
        (problem,) = problems("[service.a]\nport = 80\nhours = { limit = 14 }\n", Hours)
        assert problem == "web.toml:3:9: [service.a.hours] hours: this produces no rule: it returned none"

    def test_exposed_by_the_host(self) -> None:
        """A third party's type applies where the settings say so; its mistakes have the service's place then."""
        assert problems("\n[service.a]\nport = 80\n", Hours, expose=("hours",)) == [
            "web.toml:2:1: [service.a.hours] has no 'limit'; add limit = ..."
        ]

    @pytest.mark.parametrize("made", ["pass all", None, 5, ("pass",)])
    def test_what_is_neither_rule_nor_table_is_the_plugin_s_mistake(self, made: object) -> None:
        """A PluginError, with what it returned."""

        class Odd(RuleType):
            """Odd."""

            keyword = "odd"

            def render(self, context: Context) -> Iterable[Any]:
                return [made]

        with pytest.raises(PluginError, match="is neither a Rule nor a Table"):
            compiled("[service.a]\nport = 80\nodd = true\n", Odd)

    def test_a_rule_that_is_none_is_the_plugin_s_mistake(self) -> None:
        """No text of a plugin becomes syntax."""

        class Odd(RuleType):
            """Odd."""

            keyword = "odd"

            def render(self, context: Context) -> Iterable[Any]:
                yield Rule(action="pass", tagged='x" quick label "y\npass all')

        with pytest.raises(PluginError, match="returned an invalid rule"):
            compiled("[service.a]\nport = 80\nodd = true\n", Odd)

    def test_labels_of_its_own_are_kept(self) -> None:
        """What a rule type leaves empty is filled in, nothing else."""

        class Odd(RuleType):
            """Odd."""

            keyword = "odd"

            def render(self, context: Context) -> Iterable[Any]:
                yield Rule(action="pass", labels=("mine",), place=Place("x", 1, 1))
                yield Rule(action="pass")

        first, second = compiled("[service.a]\nport = 80\nrdr = false\nallow = false\nodd = true\n", Odd).rules
        assert (first.labels, first.place) == (("mine",), Place("x", 1, 1))
        assert (second.labels, second.place, second.service) == (
            ("jailpf/web", "jailpf/web/a"),
            Place("web.toml", 5, 7),
            "a",
        )

    @pytest.mark.parametrize(
        ("name", "what"),
        [("Capital", {"keyword": "Odd"}), ("Scope", {"keyword": "odd", "scope": "host"}), ("Dash", {"keyword": "a-b"})],
    )
    def test_a_class_that_could_not_work_is_refused_at_once(self, name: str, what: dict[str, Any]) -> None:
        """When the module is imported, not when a jail starts."""
        with pytest.raises(TypeError, match=r"keyword|scope"):
            type(name, (RuleType,), {"__doc__": "Odd.", **what})

    def test_keys_that_could_not_be_read_are_refused_at_once(self) -> None:
        """Types without `parse`, and lists as defaults."""
        with pytest.raises(TypeError, match="is not the type of a key"):
            key(int, "A number.")
        with pytest.raises(TypeError, match="is a tuple"):
            key(Port, "Ports.", many=True, default=[])


class TestExtra:
    """The rules of jailpf_created."""

    def test_they_stand_above_the_declared_ones(self) -> None:
        """Labelled as a plugin's, without a place."""
        extra = [Rule(action="block", quick=True), Table(name="x"), Rule(action="pass", port=(Port(9, 9),))]
        ruleset = compiled("[service.a]\nport = 80\n", extra=extra)
        assert lines(ruleset)[0] == "table <x> persist"
        assert [line.split()[0] for line in lines(ruleset)[1:]] == ["rdr", "rdr", "block", "pass", "pass", "pass"]
        assert ruleset.rules[1].labels == ("jailpf/web", "jailpf/web/plugin")
        assert ruleset.rules[1].place is None

    def test_their_tables_do_not_replace_declared_ones(self) -> None:
        """Two of one name are an error at the declaration."""
        assert problems("[table.x]\n", extra=[Table(name="x")]) == [
            "web.toml:1:1: two declarations define the table <x>; rename one"
        ]
