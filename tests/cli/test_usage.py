"""A command line that cannot be understood is answered with one that works, in the words of the command that it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from jailpf.cli import main, parser
from jailpf.cli.commands import COMMANDS, GROUPS
from jailpf.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no command is given; start with `jailpf init`, `jailpf new`, `jailpf check`, `jailpf attach`, `jailpf doctor`"),
        ("start web", "there is no command 'start'; the jail manager starts and stops jails, such as `service jail start JAIL`"),
        ("show web", "`jailpf render JAIL` shows what is declared"),
        ("chek web", "did you mean 'check'?"),
        ("web check", "write the command first: jailpf check web"),
        ("friends add 192.0.2.7", "write jailpf table JAIL friends add 192.0.2.7"),
        ("rdr web tcp 80 80", "ports are declared in jails/NAME.toml"),
        ("render web db", "jailpf render takes one jail, but 'db' is a second one; run it once for each"),
        ("render -n web", "jailpf render has no option -n; `jailpf render --help`"),
        ("check --all", "jailpf check has no --all; without names it takes all jails"),
        ("check --jason", "jailpf check has no option --jason; did you mean --json?"),
        ("check --format json web", "did you mean --json?"),
        ("--config /x check", "did you mean -c FILE?"),
        ("init em0", "jailpf init does not take 'em0'; it is `jailpf init --ext-if em0`"),
        ("render", "jailpf render: JAIL is missing; it is `jailpf render dovecot`"),
        ("table", "jailpf table: JAIL is missing; it is `jailpf table dovecot insecure_mua add 192.0.2.7`"),
        ("table web friends remove 192.0.2.7", "'remove' is not an action on a table; did you mean delete?"),
        ("table friends add 192.0.2.7", "write the jail first, then the table, then the action; jailpf table JAIL friends add 192.0.2.7"),
        ("-c etc/jailpf.toml --pf simulated --run run table friends add 192.0.2.7", "the action; jailpf table JAIL friends add 192.0.2.7"),
        ("--run run web check", "write the command first: jailpf check web"),
        ("import", "the source is missing: appjail|bastille|"),
        ("table add web friends 192.0.2.7", "jailpf table web friends add 192.0.2.7"),
        ("plugin", "jailpf plugin: a subcommand is missing; it is `jailpf plugin new office-hours`"),
        ("schema jial", "'jial' is not one of jail, host; did you mean 'jail'?"),
    ],
)  # fmt: skip
def test_what_was_meant_is_offered(line: str, said: str) -> None:
    """64, one line, no word of argparse's."""
    with pytest.raises(UsageError) as caught:
        parser.parse(line.split())
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert "\n" not in str(problem)
    assert "argument" not in problem.message
    assert "?;" not in str(problem)


@pytest.mark.parametrize("words", [["help", "check"], ["check", "--help"], ["-V"]])
def test_everybody_s_words_for_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`help`, `help COMMAND` and `-V`."""
    with pytest.raises(SystemExit) as end:
        parser.parse(words)
    assert end.value.code == 0
    assert capsys.readouterr().out


def test_help_names_exit_statuses_and_the_man_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Of every command."""
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            parser.parse([command.name, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        assert "exit status: 0" in said
        assert "jailpf(8)" in said


def test_with_json_an_error_is_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, beside the lines for people on standard error."""
    assert main(["-c", str(tmp_path / "none.toml"), "check", "--json"]) == 78
    done = capsys.readouterr()
    answer = json.loads(done.out)
    assert answer["command"] == "check"
    assert answer["errors"][0]["message"] == "there are no settings"
    assert done.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tcp from any to ext_ip4 port 80", "trace asks about one packet: write one address"),
        ("tcp from <friends> to ext_ip4 port 80", "who gets in from anywhere is `jailpf reach`"),
        ("tcp from web to ext_ip4 port 80", "write jail web"),
        ("tcp from 192.0.2.7 to em0 port 80", "the host is ext_ip4 or ext_ip6"),
        ("tcp from 192.0.2.7 to ext_ip4 port 80 port 81", "the port is named twice"),
        ("tcp from 192.0.2.7 to ext_ip4 port", "port what?"),
    ],
)
def test_the_words_of_trace_are_looked_at_before_pf(
    line: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake needs no pf to be told."""
    tmp_path.chmod(0o755)
    (tmp_path / "jails").mkdir()
    (tmp_path / "jailpf.toml").write_text('[host]\next_if = "em0"\n[programs]\npfctl = "/nonexistent/pfctl"\n')
    (tmp_path / "jails/web.toml").write_text("[service.http]\nport = 80\n")
    assert main(["-c", str(tmp_path / "jailpf.toml"), "trace", *line.split()]) == 64
    assert said in capsys.readouterr().err


def test_help_lists_every_command_in_one_group() -> None:
    """In the order in which the commands are declared."""
    assert [name for names in GROUPS.values() for name in names] == [one.name for one in COMMANDS]
    shown = parser.build().format_help()
    assert all(f"\n{heading}:\n" in shown for heading in GROUPS)
