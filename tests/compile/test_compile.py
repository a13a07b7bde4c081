"""jailpf.compile.whole, rules, services and schema, where golden pairs do not reach: contexts, tags, the default nat, order."""

from __future__ import annotations

from cProfile import Profile
from dataclasses import replace
from pstats import Stats
from typing import TYPE_CHECKING, Any

import pytest
from compiling import HOST, SETTINGS, WEB, compiled, lines, problems

from jailpf.compile.made import untagged
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host
from jailpf.declare.layout import LAYOUTS, Layout
from jailpf.declare.schema import Reader, documented, keys
from jailpf.declare.services import read
from jailpf.declare.settings import Settings
from jailpf.declare.ways import RenderError
from jailpf.errors import DeclarationError, NoJailError
from jailpf.lifecycle.jails import Jails
from jailpf.model import Jail, Rule
from jailpf.plugin import Context, Peer, Protocol, RuleType, key
from jailpf.registry import build
from jailpf.values import Outgoing

if TYPE_CHECKING:
    from pathlib import Path


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
    from jailpf.declare.jail_table import JailTable
    from jailpf.declare.rules import Service

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
    monkeypatch.setattr("jailpf.compile.tables.release", lambda: release)
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
