"""jailpf.compile.whole, rules, services and schema, where golden pairs do not reach: contexts, plugins' rule types, order."""

from __future__ import annotations

from cProfile import Profile
from dataclasses import replace
from pstats import Stats
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.compile.whole import compile_jail, untagged
from jailpf.declare import toml
from jailpf.declare.host import Host
from jailpf.declare.layout import LAYOUTS, Layout
from jailpf.declare.schema import Reader, documented, keys
from jailpf.declare.services import read
from jailpf.declare.settings import Settings
from jailpf.declare.ways import RenderError
from jailpf.errors import DeclarationError, NoJailError, Place, PluginError
from jailpf.lifecycle.jails import Jails
from jailpf.model import Jail, Rule, Table
from jailpf.plugin import Context, Count, Interface, Keys, Name, Peer, Port, Protocol, RuleType, hookimpl, key
from jailpf.registry import build
from jailpf.values import Address, Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jailpf.model import Ruleset

HOST = Host(ext_if=(Interface("em0"),))
SETTINGS = Settings(file="/etc/jailpf.toml", adapters=(), host=HOST)
WEB = Jail(name="web", addresses=(Address.parse("10.0.0.2"), Address.parse("fd00::2")))


def compiled(
    text: str, *types: type[RuleType], jail: Jail = WEB, extra: Iterable[Any] = (), **settings: Any
) -> Ruleset:
    """What becomes of a text, with more rule types."""

    class Plugin:
        @hookimpl
        def jailpf_rule_types(self) -> Iterable[type[RuleType]]:
            return types

    registry = build()
    registry.add(Plugin(), "test")
    chosen = replace(SETTINGS, **settings)
    services = read(toml.parse(text, "web.toml"), registry.rule_types, chosen)
    return compile_jail(jail, services, Jails(chosen, registry), extra)


def problems(text: str, *types: type[RuleType], **what: Any) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        compiled(text, *types, **what)
    return list(map(str, caught.value.problems))


def lines(ruleset: Ruleset) -> list[str]:
    return [line for anchor in ruleset.anchors for line in anchor.text.splitlines()]


class TestContext:
    """What a rule type may ask."""

    def context(self, **what: Any) -> Context:
        return Context(jail=WEB, host=HOST, name="n", tag_in="i", tag_out="o", **what)

    @pytest.mark.parametrize(
        ("what", "families", "reasons"),
        [
            ({}, ["inet", "inet6"], []),
            ({"source": (Peer.parse("192.0.2.1"),)}, ["inet"], ["`from` names no inet6 address"]),
            ({"to": (Peer.parse("2001:db8::1"),)}, ["inet6"], ["`to` names no inet address"]),
            ({"source": (Peer.parse("<t>"),)}, ["inet", "inet6"], []),
            ({"proto": Protocol(("icmp6",))}, ["inet6"], ["icmp6 does not exist in inet"]),
            ({"addresses": WEB.addresses[:1]}, ["inet"], ["the jail has no inet6 address"]),
            ({"addresses": ()}, [], ["the jail has no inet address", "the jail has no inet6 address"]),
            (
                {"source": (Peer.parse("192.0.2.1"),), "to": (Peer.parse("2001:db8::1"),)},
                [],
                ["`to` names no inet address", "`from` names no inet6 address"],
            ),
        ],
    )
    def test_sides_are_the_families_in_common(
        self, what: dict[str, Any], families: list[str], reasons: list[str]
    ) -> None:
        """And what fell away is remembered with its reason."""
        context = self.context()
        assert [side.family for side in context.sides(**what)] == families
        assert context.reasons == reasons

    def test_a_side_has_what_its_family_has(self) -> None:
        """Addresses and peers of the other family are not in it."""
        source = tuple(map(Peer.parse, ("192.0.2.1", "2001:db8::1", "<t>")))
        four, six = self.context().sides(source=source)
        assert (list(map(str, four.source)), list(map(str, six.source))) == (
            ["192.0.2.1", "<t>"],
            ["2001:db8::1", "<t>"],
        )
        assert (list(map(str, four.jail)), four.to) == (["10.0.0.2"], ())

    def test_names_of_tables_fit_and_stay_apart(self) -> None:
        """At most 31 bytes, whatever the declaration's name."""
        names = [self.context() for _ in range(4)]
        for one, name in zip(names, ("a", "x" * 22, "x" * 23, "x" * 24), strict=True):
            one.name = name
        made = [one.table_name("overload") for one in names]
        assert made[:2] == ["overload_a", "overload_" + "x" * 22]
        assert len(set(made)) == 4
        assert all(len(one) <= 31 for one in made)

    def test_a_jail_that_nobody_knows(self) -> None:
        """An error with the key that names it, not the end of everything."""

        def lookup(name: str) -> Jail:
            raise NoJailError(f"no jail manager knows {name}", None, "add [jail]")

        with pytest.raises(RenderError, match="no jail manager knows x; write an address") as caught:
            self.context(lookup=lookup).find_jail("x", "target.1")
        assert caught.value.key == "target.1"
        with pytest.raises(RenderError, match="no adapter can look up the jail 'x'"):
            self.context().find_jail("x")


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


class TestUntagged:
    """A service that is let in directly needs no tag."""

    RDR = Rule(action="rdr", tag="t", target=WEB.addresses[0])

    def tags(self, *rules: Rule) -> list[str]:
        return [
            rule.tag for rule in untagged([self.RDR, *rules], "t") if isinstance(rule, Rule) and rule.action == "rdr"
        ]

    def test_let_in_by_tag(self) -> None:
        """The tag is what ties the pass rule to the rdr rule."""
        assert self.tags(Rule(action="pass", tagged="t")) == ["t"]

    def test_let_in_directly(self) -> None:
        """The seed's form."""
        assert self.tags(Rule(action="pass")) == [""]

    def test_not_let_in_by_us(self) -> None:
        """pf.conf may use the tag; the OUT rule of hairpin lets nobody in."""
        assert self.tags() == ["t"]
        assert self.tags(Rule(action="pass", direction="out")) == ["t"]

    def test_another_tag_is_somebody_else_s(self) -> None:
        """Only our own is taken away."""
        other = replace(self.RDR, tag="other")
        assert [rule.tag for rule in untagged([other, Rule(action="pass")], "t") if isinstance(rule, Rule)] == [
            "other",
            "",
        ]


class TestDefaultNat:
    """[host] nat."""

    @pytest.mark.parametrize(
        ("text", "families"),
        [
            ("[table.a]\n", ["inet"]),
            ('[nat.a]\naddress = "203.0.113.9"\nport = 25\nproto = "tcp"\n', ["inet"]),
            ('[nat.a]\naddress = "2001:db8::9"\n', ["inet6"]),
            ('[binat.a]\naddress = "2001:db8::9"\n', ["inet6", "inet"]),
            ('[binat.a]\naddress = "203.0.113.9"\n', ["inet"]),
        ],
    )
    def test_a_jail_without_nat_has_the_host_s(self, text: str, families: list[str]) -> None:
        """Unless it has a [nat.*]; a binat takes its family's place."""
        host = replace(HOST, nat=(Outgoing.parse("(em0:0)"),))
        found = [rule for rule in compiled(text, host=host).rules if rule.action in ("nat", "binat")]
        assert [rule.family for rule in found] == families

    def test_a_jail_without_any_address_of_the_family(self) -> None:
        """Nothing to translate, and no error: it did not ask."""
        host = replace(HOST, nat=(Outgoing.parse("(em0:0)"),))
        jail = replace(WEB, addresses=WEB.addresses[1:])
        assert all(rule.action != "nat" for rule in compiled("[service.a]\nport = 80\n", jail=jail, host=host).rules)


def test_problems_come_in_the_order_of_the_file() -> None:
    """Though nat renders first and services last."""
    text = "[service.a]\n\n[out.a]\nto = '2001:db8::1'\n[nat.a]\n[service.b]\n"
    jail = replace(WEB, addresses=WEB.addresses[:1])
    assert [line.split(":")[1] for line in problems(text, jail=jail)] == ["1", "3", "5", "6"]


def test_a_table_goes_where_it_is_used() -> None:
    """Into each anchor whose rules name it, an idle one beside the filter rules."""
    text = (
        "[service.a]\nport = 80\nrdr = { from = '<r>' }\nallow = { from = '<b>', max_src_conn = 1, overload = true }\n"
        "[service.b]\nport = 81\nfrom = '<b>'\n[nat.n]\naddress = '203.0.113.9'\nto = '<n>'\n"
        "[table.r]\n[table.b]\n[table.n]\n[table.idle]\n"
    )
    ruleset = compiled(text, layout=Layout("split", LAYOUTS["split"]))
    tables = {
        anchor.path: [line.split()[1] for line in anchor.text.splitlines() if line.startswith("table")]
        for anchor in ruleset.anchors
    }
    assert tables == {
        "filter/web": ["<b>", "<idle>", "<overload_a>"],
        "nat/web": ["<n>"],
        "rdr/web": ["<r>", "<b>"],
    }


@pytest.mark.parametrize("folder", ["a$b", 'a"b', "a#b", "x" * 1030])
def test_a_folder_that_pfctl_s_quoting_cannot_carry(folder: str) -> None:
    """A table file's whole path is what pf reads, so the folder counts too."""
    registry = build()
    services = read(toml.parse("[table.a]\nfile = 't'\n", f"/{folder}/web.toml"), registry.rule_types, SETTINGS)
    with pytest.raises(DeclarationError, match=r"web\.toml:2:8: .*file name"):
        compile_jail(WEB, services, Jails(SETTINGS, registry))


def test_declared_keys_have_names_of_toml() -> None:
    """`from` is a word of Python; attributes that are no keys are not offered."""

    class Odd(RuleType):
        """Odd."""

        keyword = "odd"
        source: tuple[Peer, ...] = key(Peer, "Who.", name="from", many=True)

    assert list(keys(Odd)) == ["from"]
    assert [(name, one.doc) for name, one in documented(Odd)] == [("from", "Who.")]


def test_every_key_of_ours_is_documented_by_a_sentence() -> None:
    """For editors and the reference page."""
    from jailpf.declare.rules import Service
    from jailpf.declare.services import JailTable

    for cls in (JailTable, Service, Settings, Host, *build().rule_types.values()):
        for name, one in documented(cls):
            assert one.doc.endswith("."), f"{cls.__name__}.{name}"
            assert one.doc[0].isupper(), f"{cls.__name__}.{name}"


def test_a_reader_reads_no_table_as_an_empty_one() -> None:
    """And says so."""
    reader = Reader(toml.parse("a = 5\n", "f"))
    assert reader.table(("a",), 5, "[a]") == {}
    assert [str(problem) for problem in reader.problems] == ["f:1:5: [a] is a table, not a number"]


@pytest.mark.parametrize("release", [13, 14, 15])
def test_13_is_given_the_members_of_a_file_that_it_could_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: int
) -> None:
    """`;` begins a comment for 14 and later; where only `#` does, the file is named as ever."""
    monkeypatch.setattr("jailpf.compile.whole.release", lambda: release)
    settings = replace(SETTINGS, pf="simulated")
    (tmp_path / "drop").write_text("; DROP\n192.0.2.1 ; SBL1\n")
    (tmp_path / "plain").write_text("192.0.2.2 # one\n")
    text = '[service.a]\nport = 80\nfrom = ["<listed>", "<plain>"]\n[table.plain]\nfile = "plain"\n'
    text += '[table.listed]\nfile = "drop"\naddresses = "192.0.2.9"\n'
    services = read(toml.parse(text, str(tmp_path / "web.toml")), build().rule_types, settings)
    found = lines(compile_jail(WEB, services, Jails(settings, build())))
    members = f'file "{tmp_path}/drop" {{ 192.0.2.9 }}' if release > 13 else "{ 192.0.2.1 192.0.2.9 }"
    assert f"table <listed> persist {members}" in found
    assert f'table <plain> persist file "{tmp_path}/plain"' in found


def test_lists_of_lists_are_bounded_and_said_once() -> None:
    """Of some kilobytes pf would make millions of rules: the rule that is too much is named, and the remedy opens nothing."""
    ports, sources = list(range(1, 601, 2)), [f"192.0.{at // 250}.{at % 250}" for at in range(300)]
    outside = [f"203.0.{at // 250}.{at % 250}" for at in range(300)]
    text = f"[service.a]\nport = {ports}\nfrom = {sources}\nrdr = {{ to = {outside} }}\n[service.b]\nport = {ports}\nfrom = {sources}\n"
    (told,) = problems(text)
    assert "27000000 rules" in told
    assert told.endswith("list the addresses in a [table.NAME], and write <NAME> in their place")
    table = f"[table.t]\naddresses = {sources}\n"
    compiled(table + f'[service.a]\nport = {ports}\nfrom = "<t>"\n')


def test_compiling_is_linear_in_what_is_declared(tmp_path: Path) -> None:
    """Twice as many services, tables, denies and ways out take about twice as many calls, not four times."""

    def calls(count: int) -> int:
        text = "".join(
            f'[service.s{at}]\nport = {at + 1}\nfrom = "<t{at}>"\n[table.t{at}]\naddresses = "192.0.2.{at}"\n'
            f'[deny.d{at}]\nfrom = "198.51.100.{at}"\n[out.o{at}]\nto = "198.51.100.{at}"\n'
            for at in range(count)
        )
        profile = Profile()
        profile.runcall(compiled, text, file=str(tmp_path / "jailpf.toml"))
        return Stats(profile).total_calls  # type: ignore[attr-defined, no-any-return]

    (tmp_path / "jails").mkdir()
    calls(1)
    assert calls(80) < 2.5 * calls(40)
