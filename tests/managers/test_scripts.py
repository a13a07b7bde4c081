from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError
from jailpf.managers.attach import attach, detach
from jailpf.managers.scripts import SHEBANG, script

if TYPE_CHECKING:
    from stand_ins.host import Host

COMMAND = '/usr/local/bin/jailpf created "$_POT_NAME"'
USERS = "#!/bin/sh -e\n# mine\nlogger up\n"


def test_where_there_is_no_script_one_is_made_and_goes_again() -> None:
    one = script("/x", COMMAND)
    made = one.attached(None)
    assert made == f"{SHEBANG}{COMMAND}\n"
    assert one.attached(made) == made
    assert one.detached(made, None) is None
    assert one.detached(None, None) is None


def test_a_script_that_is_there_keeps_its_own_lines_below_ours() -> None:
    """Ours comes first: a script may end early. With `last` it decides how the script ends."""
    one = script("/x", COMMAND)
    made = one.attached(USERS)
    assert made == f"#!/bin/sh -e\n{COMMAND}\n# mine\nlogger up\n"
    assert one.attached(made) == made
    assert one.detached(made, None) == USERS
    assert script("/x", COMMAND, last=True).attached(USERS) == f"{USERS}{COMMAND}\n"


def test_lines_of_another_version_are_replaced() -> None:
    old = f"#!/bin/sh\nexec {COMMAND.replace('/usr/local/bin/jailpf', '/usr/bin/python3.9 -I -m jailpf -c /x')}\nlogger up\n"
    assert script("/x", COMMAND).attached(old) == f"#!/bin/sh\n{COMMAND}\nlogger up\n"


def test_a_script_of_comments_alone_comes_back() -> None:
    one = script("/x", COMMAND)
    before = "#!/bin/sh\n# to do\n"
    assert one.detached(one.attached(before), before) == before


def test_what_is_no_script_of_sh_is_refused() -> None:
    with pytest.raises(ConfigError, match="is not a sh"):
        script("/x", COMMAND).attached("#!/usr/local/bin/python\nprint()\n")


def test_scripts_are_written_executable_and_leave_no_trace(host: Host) -> None:
    """A script that is there and not executable is never run by its manager: that is said."""
    conf = host.root / "pot/jails/web/conf"
    host.file("pot/jails/web/conf/pot.conf", "network_type=alias\nip=10.3.0.2\n")
    host.managers["pot"] = {"root": f"{host.root}/pot"}
    adapters = [host.adapter("pot")]
    (result,) = attach(adapters, ["web"])
    assert set(result.wrong) == {
        f"nothing calls `jailpf {verb} $_POT_NAME`" for verb in ("prestart", "created", "poststop")
    }
    assert {path.name: path.stat().st_mode & 0o777 for path in conf.glob("*.sh")} == dict.fromkeys(
        ("prestart.sh", "poststart.sh", "poststop.sh"), 0o755
    )
    assert not attach(adapters, ["web"], dry_run=True)[0].changed
    (conf / "poststart.sh").write_text('#!/bin/sh\nexec /usr/local/bin/jailpf created "$_POT_NAME"\n')
    (again,) = attach(adapters, ["web"], dry_run=True)
    assert (again.changed, again.wrong) == (True, ()), "an older form that works"
    detach(adapters, ["web"])
    assert [path.name for path in conf.iterdir()] == ["pot.conf"]
    (conf / "poststop.sh").write_text(USERS)
    with pytest.raises(ConfigError, match="is not executable, so it is not run"):
        attach(adapters, ["web"])
