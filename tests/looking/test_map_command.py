"""jailpf map, top and metrics: looking at the whole."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from jailpf.cli.top import cells, drawn, rates
from jailpf.insight.chart import Chart, dot, mermaid, page
from jailpf.insight.counters import Count

if TYPE_CHECKING:
    from .conftest import Desk


class Page(HTMLParser):
    """Tags that close, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page(desk: Desk) -> None:
    """Every jail with its services, who reaches each, and where it is declared; nothing comes from elsewhere."""
    file = desk.root / "map.html"
    answer = desk.jailpf("map", "--html", str(file), "--declared")
    assert answer.out == f"wrote {file}: 2 jails\n"
    text = file.read_text()
    page = Page(text)
    assert not page.open
    assert not page.sources
    assert not re.search(r"https?://", text)
    for words in (
        "anyone outside on 203.0.113.1 tcp 8080, which is its port 80",
        "git.toml:1:1",
        "mail-insecure",
        "192.0.2.0/24 outside",
    ):
        assert words in page.text


def test_the_page_says_whom_a_jail_reaches(desk: Desk) -> None:
    """Beyond this host, on its card and as an edge; of many jails there are lists instead of a matrix."""
    desk.write(
        "jails/git.toml",
        '[out.web]\nproto = "tcp"\nport = 443\n[nat.n]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.29"\n',
    )
    file = desk.root / "map.html"
    desk.jailpf("map", "--html", str(file), "--declared")
    assert "it reachesanyone outside tcp 443 as 203.0.113.1" in Page(file.read_text()).text
    assert 'n_git -->|"tcp 443"| n_outside' in desk.jailpf("map", "--mermaid", "--declared").out
    many = {(f"a{one}", f"b{one}"): ["tcp 1"] for one in range(60)}
    text = page(Chart([], many), "many")
    assert "a7b7 (tcp 1)" in Page(text).text
    assert text.count("<td>") == 60


def test_a_name_is_never_markup() -> None:
    """Names, whoever writes them, are quoted in every form."""
    found = Chart([], {('a"<b>', "c"): ['x"y']})
    assert '"a\'<b>" -> "c" [label="x\'y"]' in dot(found)
    assert 'n_a_22__3c_b_3e_["a\'<b>"]' in mermaid(found)


def test_graphs(desk: Desk) -> None:
    """An edge for each pair, with what is reached."""
    assert '"outside" -> "git" [label="tcp 8080"];' in desk.jailpf("map", "--dot", "--declared").out
    assert 'n_outside -->|"tcp 8080"| n_git' in desk.jailpf("map", "--mermaid", "--declared").out
    assert desk.jailpf("map").status == 64
    assert "cannot be written" in desk.jailpf("map", "--html", "/nonexistent/map.html").err


def test_metrics(desk: Desk) -> None:
    """Numbers that a textfile collector takes: states of jails, counters of services, ages of tables, promises."""
    pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families

    desk.jailpf("prestart", "git")
    desk.jailpf("created", "git")
    desk.write("promises.toml", '[[never]]\nfrom = "outside"\nto = "jail:git"\n')
    answer = desk.jailpf("metrics")
    samples = {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(answer.out)
        for one in family.samples
    }
    assert samples["jailpf_jails", "loaded"] == 1
    assert samples["jailpf_jails", "stopped"] == 1
    assert samples["jailpf_service_packets", "git", "http"] == 0
    assert samples["jailpf_table_age_seconds", "dovecot", "insecure_mua"] >= 0
    assert samples["jailpf_promises", "no"] == 1
    assert samples["jailpf_pf_enabled",] == 1
    assert 0 <= samples["jailpf_hook_seconds", "created", "git"] < 25


def test_metrics_of_promises_that_cannot_be_read(desk: Desk) -> None:
    """Everything else is told, and one promise is not kept, so that the alert comes; why is told beside it."""
    pytest.importorskip("prometheus_client")
    desk.jailpf("load", "git")
    desk.write("promises.toml", '[[never]]\nfrom = "outside"\nfor = "jail:git"\n')
    answer = desk.jailpf("metrics")
    assert answer.status == 0
    assert 'jailpf_jails{state="loaded"} 1.0' in answer.out
    assert 'jailpf_promises{kept="no"} 1.0' in answer.out
    assert 'kept="yes"' not in answer.out
    assert "promises.toml:3:1:" in answer.err


def test_top_without_a_terminal_is_one_table(desk: Desk) -> None:
    """For scripts."""
    desk.jailpf("load", "git")
    head, row = desk.jailpf("top").out.splitlines()
    assert head.split() == ["JAIL", "SERVICE", "PACKETS/S", "BYTES/S", "STATES", "PACKETS", "BYTES"]
    assert row.split() == ["git", "http", "0", "0", "0", "0", "0"]


def test_rates() -> None:
    """By the second; a reload, which begins at 0, is no rate."""
    before = [Count("web", "http", 10, 1000, 1), Count("db", "sql", 50, 50, 3)]
    after = [Count("web", "http", 30, 5000, 2), Count("db", "sql", 5, 5, 3), Count("new", "ssh", 9, 9, 0)]
    found = rates(before, after, 2)
    assert [(one.packets, one.bytes) for one in found] == [(10, 2000), (0, 0), (0, 0)]
    assert [row[0] for row in cells(found, "packets")] == ["web", "new", "db"]
    assert [row[0] for row in cells(found, "states")] == ["db", "web", "new"]
    assert cells(found, "bytes")[0][0] == "web"


def test_the_live_table() -> None:
    """As rich draws it."""
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=80, record=True, file=io.StringIO())
    console.print(drawn(rates([], [Count("web", "http", 10, 1000, 1)], 0), "packets"))
    assert "web" in console.export_text()


def test_top_counts_in_seconds_that_pass(desk: Desk) -> None:
    """Nobody waits for less than nothing."""
    for seconds in ("0", "-1", "nan", "inf"):
        answer = desk.jailpf("top", "--every", seconds)
        assert (answer.status, answer.out) == (64, "")
        assert f"not {seconds}; " in answer.err
