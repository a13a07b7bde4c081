"""Hook lines in a jail.conf: where they stand, and that detach leaves no trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hook_lines import COMMENTED, HOOKS, line, values
from stand_ins.host import HERE, Host

from jailpf.errors import ConfigError
from jailpf.managers.attach import attach, detach
from jailpf.managers.attach.jailconf_check import who_replaces
from jailpf.managers.attach.jailconf_edit import applied, blocks_of, edits, stripped
from jailpf.managers.attach.lines import ours


def test_the_hooks_stand_at_the_end_of_the_jails_own_block(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    (result,) = attach(host.adapters, ["web"])
    text = Path(file).read_text()
    lines = [line(host, *pair) for pair in HOOKS]
    assert text == COMMENTED.replace(
        "\t# the last line\n", "\t# the last line\n" + "".join(f"\t{one}\n" for one in lines)
    )
    assert values(host, "web", "created") == ["/usr/bin/second", "/usr/bin/third", "created"]
    assert result.changed
    assert [one[1:] for one in result.diff.splitlines() if one.startswith("+\t")] == [f"\t{one}" for one in lines]


@pytest.mark.parametrize("names", [["web"], ["db"], ["mail"], ["vn"], ["vn", "mail", "web", "db"]])
def test_detach_after_attach_leaves_no_trace(host: Host, names) -> None:
    file = host.jail_conf(COMMENTED)
    for name in names:
        attach(host.adapters, [name])
    assert Path(file).read_text() != COMMENTED
    detach(host.adapters, names)
    assert Path(file).read_text() == COMMENTED
    assert sorted(os.listdir(host.root / "etc")) == ["jail.conf"]


def test_attach_and_detach_twice_are_as_good_as_once(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    attach(host.adapters, ["web", "db"])
    before = os.stat(file)
    results = attach(host.adapters, ["web", "db"])
    assert [one.changed for one in results] == [False, False]
    assert results[0].done == ("web: already attached",)
    assert os.stat(file) == before
    detach(host.adapters, ["db"])
    assert not detach(host.adapters, ["db"])[0].changed
    assert values(host, "web", "poststop") == ["poststop"]


def test_many_jails_of_one_file_cost_one_reading_more_than_one(host: Host) -> None:
    host.jail_conf("".join(f"j{number} {{ ip4.addr = 10.0.0.{number}; }}\n" for number in range(1, 51)))
    results = attach(host.adapters, [f"j{number}" for number in range(1, 51)])
    assert all(one.changed for one in results)
    assert len(host.calls("jail")) == 3
    added = [one for one in results[3].diff.splitlines() if one.startswith("+j")]
    assert [one[:3] for one in added] == ["+j4"], "each diff is that of one jail"


def test_a_block_on_one_line_stays_on_one_line(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    attach(host.adapters, ["db", "mail"])
    lines = Path(file).read_text().splitlines()
    hooks = " ".join(line(host, *pair) for pair in HOOKS)
    assert f"db {{ ip4.addr = 10.0.0.2; {hooks} }}" in lines
    assert f"mail {{ip4.addr = 10.0.0.3; {hooks}}}" in lines


def test_a_vnet_jail_calls_created_from_poststart(host: Host) -> None:
    host.jail_conf(COMMENTED)
    attach(host.adapters, ["vn"])
    assert values(host, "vn", "poststart") == ["created"]
    assert values(host, "vn", "created") == ["/usr/bin/first vn"], "its addresses are not known yet"
    assert values(host, "vn", "poststop") == ["/sbin/ifconfig epair9a destroy", "poststop"]


def test_n_shows_the_change_and_makes_none(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    (result,) = attach(host.adapters, ["web"], dry_run=True)
    assert Path(file).read_text() == COMMENTED
    assert result.done == (f"web: would be attached in {file}",)
    assert line(host, "created", "created") in result.diff
    assert os.listdir(host.root / "etc") == ["jail.conf"]


def test_owner_mode_newlines_and_odd_bytes_are_kept_and_a_backup_made(host: Host) -> None:
    file = Path(host.jail_conf(""))
    raw = b"# caf\xe9\r\nweb {\r\n    ip4.addr = 10.0.0.1;\r\n}\r\n"
    file.write_bytes(raw)
    file.chmod(0o640)
    os.chown(file, 0, 12) if os.geteuid() == 0 else None
    owner = file.stat().st_gid
    (result,) = attach(host.adapters, ["web"])
    text = file.read_bytes()
    assert text.startswith(b"# caf\xe9\r\n")
    assert text.count(b"\r\n") == text.count(b"\n") == 7
    backup = host.root / "etc/.jail.conf.jailpf-backup"
    for one in (file, backup):
        assert (one.stat().st_mode & 0o777, one.stat().st_gid) == (0o640, owner)
    assert backup.read_bytes() == raw
    assert str(backup) in result.done[0]
    assert sorted(os.listdir(host.root / "etc")) == [".jail.conf.jailpf-backup", "jail.conf"]


def test_the_block_is_found_in_an_included_file_and_checked_with_all_others(host: Host) -> None:
    main = host.jail_conf('exec.clean;\n$root = "/jails";\n.include "jail.conf.d/*";\n')
    web = host.file("etc/jail.conf.d/web", 'web { path = "$root/web"; }\n')
    host.file("etc/jail.conf.d/db", 'db { path = "$root/db"; }\n.include "../more.conf";\n')
    more = host.file("etc/more.conf", "deep {\n}\n")
    results = attach(host.adapters, ["web", "deep"])
    assert [one.file for one in results] == [web, f"{host.root}/etc/jail.conf.d/../more.conf"]
    assert Path(main).read_text().startswith("exec.clean;")
    assert values(host, "web", "created") == values(host, "deep", "created") == ["created"]
    assert Path(more).read_text().startswith("deep {\n  exec.prepare")
    detach(host.adapters, ["web", "deep"])
    assert Path(more).read_text() == "deep {\n}\n"


def test_a_nested_jail_is_attached_in_its_own_block(host: Host) -> None:
    file = host.jail_conf("a {\n  b {\n    path = /b;\n  }\n}\n")
    attach(host.adapters, ["a.b"])
    assert "\n    exec.prepare" in Path(file).read_text()
    assert values(host, "a", "created") == []


def test_a_global_line_that_would_replace_the_hooks_is_named_and_nothing_changes(host: Host) -> None:
    text = "web { path = /; }\n\nexec.created = /usr/bin/true;\n"
    file = host.jail_conf(text)
    with pytest.raises(
        ConfigError, match=rf"exec\.created of web is replaced by `=` after its block, at {file}:3; write `\+=`"
    ):
        attach(host.adapters, ["web"])
    assert Path(file).read_text() == text
    assert os.listdir(host.root / "etc") == ["jail.conf"]


def test_a_wildcard_block_may_carry_the_hooks(host: Host) -> None:
    hooks = "\n".join(line(host, *pair) for pair in HOOKS)
    host.jail_conf(f"web {{ path = /; }}\n* {{\n{hooks}\n}}\n")
    assert not attach(host.adapters, ["web"])[0].changed
    (result,) = detach(host.adapters, ["web"])
    assert not result.changed
    assert "web runs hook lines of jailpf from outside its own block" in result.done


def test_what_lines_of_the_whole_file_call_is_not_called_twice(host: Host) -> None:
    """Only the hooks that are missing go into the block; what calls one twice from outside is refused."""
    host.jail_conf(f"{line(host, 'created', 'created')}\nweb {{ path = /; }}\n")
    attach(host.adapters, ["web"])
    assert [values(host, "web", hook) for hook, _ in HOOKS] == [["prestart"], ["created"], ["poststop"]]
    assert not attach(host.adapters, ["web"])[0].changed
    host.jail_conf(f"{line(host, 'created', 'created')}\n{line(host, 'created', 'created')}\nweb {{ path = /; }}\n")
    with pytest.raises(ConfigError, match="web would run hook lines of jailpf twice"):
        attach(host.adapters, ["web"])


def test_hook_lines_of_another_version_are_renewed(host: Host) -> None:
    host.jail_conf(
        'web {\n  exec.prestart = "/usr/local/bin/python3.9 -I -m jailpf prestart web";\n'
        '  exec.created += "/usr/bin/one", "/usr/local/bin/jailpf -c /x created $name", "/usr/bin/two";\n  path = /;\n}\n'
    )
    attach(host.adapters, ["web"])
    assert values(host, "web", "created") == ["/usr/bin/one", "/usr/bin/two", "created"]
    assert values(host, "web", "prepare") == ["prestart"]
    detach(host.adapters, ["web"])
    assert values(host, "web", "created") == ["/usr/bin/one", "/usr/bin/two"]


def test_removing_a_line_that_replaced_others_is_refused(host: Host) -> None:
    text = 'exec.created = /usr/bin/true;\nweb { exec.created = "/usr/local/bin/jailpf created $name"; }\n'
    file = host.jail_conf(text)
    with pytest.raises(
        ConfigError, match=r"jail\(8\) would read another exec\.created for web; the file stays as it is"
    ):
        detach(host.adapters, ["web"])
    assert Path(file).read_text() == text


def test_13_2_is_attached_as_well(host: Host) -> None:
    host.program("jail", HERE / "jail.py", "-13")
    host.jail_conf(COMMENTED)
    assert attach(host.adapters, ["web"])[0].changed


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/local/bin/jailpf-hook created $name", True),
        ("/usr/local/bin/jailpf created $name", True),
        ("/usr/local/bin/python3.11 -IS /usr/local/lib/python3.11/site-packages/jailpf/__main__.py prestart web", True),
        ("/usr/local/bin/python3.11 -I -m jailpf -c /x --run /y poststop ${name}", True),
        ("/usr/local/bin/jailpf poststop", True),
        ("/usr/local/bin/jailpf status web", False),
        ("/usr/local/bin/jailpf created web; rm -rf /", False),
        ("/usr/local/bin/other created web", False),
        ("", False),
    ],
)
def test_which_commands_are_ours(command, expected) -> None:
    assert ours(command) is expected


def test_a_text_whose_braces_do_not_match_has_a_place() -> None:
    with pytest.raises(ConfigError, match="x:1: the block 'web' does not end"):
        blocks_of("web {\n", "x")
    with pytest.raises(ConfigError, match=r"x:1: '}' without '{'"):
        blocks_of("}\n", "x")
    with pytest.raises(ConfigError, match="x:1: a block without a name"):
        blocks_of("{ }\n", "x")
    with pytest.raises(ConfigError, match="x:2: a second block for web; merge them"):
        blocks_of("web {}\nweb {}\n", "x")
    assert stripped("} {") == "} {"
    assert list(blocks_of("* {}\n* {}\nx {} y", "x")) == ["*", "x"]


def test_an_empty_block_without_lines_gets_the_files_own_indent() -> None:
    text = "  web {\n  }\n"
    found = edits(text, blocks_of(text, "f")["web"], (("created", "x"),))
    assert applied(text, found) == '  web {\n    exec.created += "x";\n  }\n'


def test_hook_lines_go_with_what_the_user_put_beside_them() -> None:
    mine = 'exec.created += "/usr/local/bin/jailpf created $name";'
    for before, after in (
        (f"x {{\n  {mine} # mine\n}}\n", "x {\n  # mine\n}\n"),
        (f"x {{ {mine}\n  {mine}\n  path = /; {mine} {mine}\n}}\n", "x {\n  path = /;\n}\n"),
        (f"x {{{mine}}}", "x {}"),
        (f"x {{ {mine} path = /; }}", "x { path = /; }"),
    ):
        assert stripped(before) == after
        assert stripped(after) == after


def test_who_replaces_a_hook_is_found_in_wildcards_and_included_files(host: Host) -> None:
    main = host.jail_conf('.include "more/*.conf";\nweb { exec.created += x; }\n')
    more = host.file(
        "etc/more/a.conf", '# one\n"w*" { path = /; exec.created = /usr/bin/true; }\nv { exec.created = y; }\n'
    )
    assert who_replaces(main, "created") == f"{more}:2"
    assert who_replaces(main, "poststop") == ""
    host.file("etc/more/a.conf", "}")
    assert who_replaces(main, "created") == ""


def test_hook_lines_for_another_settings_file_are_said_to_be(host: Host) -> None:
    """They call jailpf, but with the rules of another folder: `-c` of the lines is named, and replaced."""
    file = Path(host.jail_conf("web { path = /; }\n"))
    attach(host.adapters, ["web"])
    ours_, other = host.settings.file, "/usr/local/etc/other/jailpf.toml"
    text = file.read_text()
    own = f"-c {ours_} "
    file.write_text(text.replace(own, f"-c {other} ") if own in text else text.replace(" --run", f" -c {other} --run"))
    (result,) = attach(host.adapters, ["web"])
    assert result.settings == (other,)
    assert f"web: its hook lines named another settings file, {other}" in result.done
    assert file.read_text() == text
    assert "named another settings file" not in str(attach(host.adapters, ["web"])[0].done)
