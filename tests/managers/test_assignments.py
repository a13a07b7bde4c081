from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.assignments import read_assignments

if TYPE_CHECKING:
    from stand_ins.host import Host


def test_a_file_is_read_as_plain_assignments_and_never_run(host: Host) -> None:
    file = host.file(
        "b.conf",
        'bastille_prefix="/zroot/b"   ## default: "/usr/local/bastille"\n'
        "bastille_jailsdir=${bastille_prefix}/j\nexport single='$as is'\nbare=$bastille_jailsdir/x # y\n"
        'empty=""\nevil="$(touch /tmp/evil)"\nback=`id`\nif [ -n "$x" ]; then\n  in_if="$unknown/1"\nfi\nloop="${loop}"\n',
    )
    assert read_assignments(file, {}) == {
        "bastille_prefix": "/zroot/b", "bastille_jailsdir": "/zroot/b/j", "single": "$as is", "bare": "/zroot/b/j/x",
        "empty": "", "evil": "", "in_if": "/1", "loop": "",
    }  # fmt: skip
