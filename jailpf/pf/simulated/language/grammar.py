"""The LALR(1) parser of one statement, made from grammar.lark. Imports lark: import this module only where it
is used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lark import Lark, Token, Transformer, UnexpectedToken
from lark.lexer import Lexer

from jailpf.pf.simulated.language.draft import (
    Draft,
    End,
    HostSpec,
    Interface,
    MacroDraft,
    PortSpec,
    Redirect,
    RuleDraft,
    SkipDraft,
    TableDraft,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jailpf.pf.simulated.language.lexer import Tok


class StatementError(Exception):
    """A token that cannot stand there; None at the end of the text."""

    def __init__(self, token: Tok | None) -> None:
        super().__init__("syntax error")
        self.token = token


def parse_statement(tokens: Sequence[Tok]) -> Draft:
    """The statement that these tokens make. Raises StatementError."""
    try:
        return cast("Draft", _parser().parse(cast("str", tokens)))
    except UnexpectedToken as error:
        at = getattr(error.token, "start_pos", None)
        token = None if error.token.type == "$END" or at is None else tokens[at]
        raise StatementError(token) from None


@cache
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "grammar.lark").read_text()
    return Lark(grammar, parser="lalr", lexer=_Tokens, transformer=_ToDraft())


class _Tokens(Lexer):
    """Hands lark the tokens that lexer.py made."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]
        for at, token in enumerate(data):
            yield Token(token.type, token.value, at)


def _items(children: Sequence[Any]) -> tuple[Any, ...]:
    """The members of a list in braces."""
    drop = {"LBRACE", "RBRACE", "COMMA"}
    return tuple(c for c in children if not (isinstance(c, Token) and c.type in drop))


def _text(children: Sequence[Any]) -> str:
    return str(children[-1]) if children else ""


class _ToDraft(Transformer[Token, Draft]):
    """Turns each reduction of the grammar into its part of a Draft."""

    def macro(self, c: list[Any]) -> MacroDraft:
        return MacroDraft(str(c[0]), " ".join(map(str, c[2:])))

    def skip(self, c: list[Any]) -> SkipDraft:
        return SkipDraft(c[-1])

    def table(self, c: list[Any]) -> TableDraft:
        words = tuple(value for kind, value in c[4:] if kind == "word")
        return TableDraft(str(c[2]), words, tuple(value for kind, value in c[4:] if kind == "from"))

    def table_word(self, c: list[Any]) -> tuple[str, str]:
        return "word", str(c[0])

    def table_file(self, c: list[Any]) -> tuple[str, str]:
        return "from", str(c[1])

    def table_hosts(self, c: list[Any]) -> tuple[str, tuple[HostSpec, ...]]:
        return "from", _items(c)

    def translation(self, c: list[Any]) -> RuleDraft:
        no, word, (passes, log), on, family, protos, (source, destination), *rest = c
        options, redirects = rest[:3], rest[3:]
        redirect = redirects.pop(0) if redirects and isinstance(redirects[0], Redirect) else None
        return RuleDraft(
            str(word),
            no=no,
            passes=passes,
            log=log,
            interfaces=on,
            family=family,
            protocols=protos,
            source=source,
            destination=destination,
            options=[option for option in options if option],
            redirect=redirect,
            pool_options=tuple(map(str, redirects)),
        )

    binat = translation

    def translation_anchor(self, c: list[Any]) -> RuleDraft:
        word, name, on, family, protos, (source, destination) = c
        return RuleDraft(
            str(word),
            anchor=str(name),
            interfaces=on,
            family=family,
            protocols=protos,
            source=source,
            destination=destination,
        )

    def filter_anchor(self, c: list[Any]) -> RuleDraft:
        rule = self.filter([("anchor", ""), *c[2:]])
        rule.anchor = str(c[1])
        return rule

    def filter(self, c: list[Any]) -> RuleDraft:
        (action, block), direction, (quick, log), on, family, protos, (source, destination), *options = c
        return RuleDraft(
            action,
            block=block,
            direction=direction,
            log=log,
            quick=quick,
            interfaces=on,
            family=family,
            protocols=protos,
            source=source,
            destination=destination,
            options=options,
        )

    def no(self, c: list[Any]) -> bool:
        return bool(c)

    def pass_log(self, c: list[Any]) -> tuple[bool, str]:
        return any(isinstance(x, Token) for x in c), _text([x for x in c if not isinstance(x, Token)])

    def action(self, c: list[Any]) -> tuple[str, str]:
        return str(c[0]), str(c[1]) if len(c) > 1 else ""

    def block_kind(self, c: list[Any]) -> str:
        return str(c[0])

    def direction(self, c: list[Any]) -> str:
        return _text(c)

    log_quick = pass_log

    def log(self, c: list[Any]) -> str:
        words = [x for x in c[1:] if not isinstance(x, Token)]
        return "log" + (f" ({', '.join(words)})" if words else "")

    def log_word(self, c: list[Any]) -> str:
        return " ".join(map(str, c))

    def on(self, c: list[Any]) -> tuple[Interface, ...]:
        return c[-1] if c else ()

    def interfaces(self, c: list[Any]) -> tuple[Interface, ...]:
        return _items(c)

    def interface(self, c: list[Any]) -> Interface:
        return Interface(str(c[-1]), len(c) > 1)

    family = direction

    def proto(self, c: list[Any]) -> tuple[str, ...]:
        return c[-1] if c else ()

    def protocols(self, c: list[Any]) -> tuple[str, ...]:
        return tuple(str(x) for x in c if not (isinstance(x, Token) and x.type in {"LBRACE", "RBRACE", "COMMA"}))

    def from_to(self, c: list[Any]) -> tuple[End, End]:
        ends = [x for x in c if isinstance(x, End)]
        return ends[0] if ends else End(), ends[1] if len(ends) > 1 else End()

    def only_to(self, c: list[Any]) -> tuple[End, End]:
        return End(), c[-1]

    def end(self, c: list[Any]) -> End:
        return End(c[0], c[2]) if len(c) > 1 else End(c[0])

    def only_ports(self, c: list[Any]) -> End:
        return End(ports=c[-1])

    def hosts(self, c: list[Any]) -> tuple[HostSpec, ...]:
        return tuple(x if isinstance(x, HostSpec) else HostSpec("any") for x in _items(c))

    def host(self, c: list[Any]) -> HostSpec:
        return c[-1]._replace(negated=len(c) > 1)  # type: ignore[no-any-return]

    def name(self, c: list[Any]) -> HostSpec:
        return HostSpec("name", (str(c[0]),))

    def range(self, c: list[Any]) -> HostSpec:
        return HostSpec("range", (str(c[0]), str(c[2])))

    def masked(self, c: list[Any]) -> HostSpec:
        return HostSpec("masked", (str(c[0]), str(c[2])))

    def dynamic(self, c: list[Any]) -> HostSpec:
        return HostSpec("dynamic", (str(c[1]), str(c[4])) if len(c) > 3 else (str(c[1]),))

    def in_table(self, c: list[Any]) -> HostSpec:
        return HostSpec("table", (str(c[1]),))

    def special(self, c: list[Any]) -> HostSpec:
        return HostSpec("special", (str(c[0]),))

    def ports(self, c: list[Any]) -> tuple[PortSpec, ...]:
        return _items(c)

    def port_equal(self, c: list[Any]) -> PortSpec:
        return PortSpec("", str(c[0]))

    def port_unary(self, c: list[Any]) -> PortSpec:
        return PortSpec(str(c[0]), str(c[1]))

    def port_binary(self, c: list[Any]) -> PortSpec:
        return PortSpec(str(c[1]), str(c[0]), str(c[2]))

    def tag(self, c: list[Any]) -> tuple[str, Any] | None:
        return ("tag", str(c[1])) if c else None

    def tagged(self, c: list[Any]) -> tuple[str, Any] | None:
        return ("tagged", (str(c[-1]), len(c) > 2)) if c else None

    def rtable(self, c: list[Any]) -> tuple[str, Any] | None:
        return ("rtable", str(c[1])) if c else None

    tag_option, tagged_option, rtable_option = tag, tagged, rtable

    def redirect(self, c: list[Any]) -> Redirect:
        return Redirect(c[1], str(c[3]) if len(c) > 2 else "")

    def pool_option(self, c: list[Any]) -> str:
        return str(c[0])

    def flags(self, c: list[Any]) -> str:
        return "".join(map(str, c))

    def flags_option(self, c: list[Any]) -> tuple[str, Any]:
        return "flags", c[1]

    def icmp(self, c: list[Any]) -> tuple[str, Any]:
        return "icmp", (str(c[0]), c[1])

    def icmps(self, c: list[Any]) -> tuple[Any, ...]:
        return _items(c)

    def icmp_item(self, c: list[Any]) -> tuple[str, str]:
        return str(c[0]), str(c[2]) if len(c) > 1 else ""

    def state(self, c: list[Any]) -> tuple[str, Any]:
        return "state", (f"{c[0]} state", c[2] if len(c) > 2 else ())

    def no_state(self, _: list[Any]) -> tuple[str, Any]:
        return "state", ("no state", ())

    def label(self, c: list[Any]) -> tuple[str, Any]:
        return "label", str(c[1])

    def allow_opts(self, _: list[Any]) -> tuple[str, Any]:
        return "allow-opts", True

    def state_options(self, c: list[Any]) -> tuple[Any, ...]:
        return tuple(x for x in c if not isinstance(x, Token))

    def state_option(self, c: list[Any]) -> tuple[str, ...]:
        return tuple(map(str, c))
