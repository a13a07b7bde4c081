#!/usr/bin/python
"""One jail's declaration: checked before it is put in place, with what it changes in traffic as the diff."""

from __future__ import annotations

DOCUMENTATION = r"""
module: jailpf_declaration
short_description: The declaration of a jail for jailpf
version_added: "0.1.0"
description:
  - Writes or removes C(jails/NAME.toml). The new text is checked together with all other declarations before it is put in place;
    what jailpf refuses changes nothing.
  - In check mode, and with C(--diff), the difference is what C(jailpf plan) says: who gets in afterwards and did not before.
options:
  name:
    description: The jail.
    type: str
    required: true
  text:
    description: The whole of the file.
    type: str
  state:
    description: Whether there is a declaration.
    type: str
    choices: [present, absent]
    default: present
  settings:
    description: Where jailpf.toml is.
    type: path
    default: /usr/local/etc/jailpf/jailpf.toml
  program:
    description: Where jailpf is.
    type: path
    default: /usr/local/bin/jailpf
  run:
    description: The run directory.
    type: path
    default: /var/run/jailpf
author: The jailpf authors (@jailpf)
"""

EXAMPLES = r"""
- name: An IMAP jail
  jailpf.jailpf.jailpf_declaration:
    name: imap
    text: |
      [service.imaps]
      port = [993, 995]
"""

RETURN = r"""
plan:
  description: What C(jailpf plan --json) answers for the change.
  returned: when something changes
  type: dict
"""

import json
import os
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Stage, check, plan, write."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "text": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "settings": {"type": "path", "default": "/usr/local/etc/jailpf/jailpf.toml"},
            "program": {"type": "path", "default": "/usr/local/bin/jailpf"},
            "run": {"type": "path", "default": "/var/run/jailpf"},
        },
        required_if=[("state", "present", ["text"])],
        supports_check_mode=True,
    )
    given = module.params
    etc = os.path.dirname(given["settings"])
    if not os.path.exists(given["settings"]):
        if module.check_mode:  # the settings would be written by now
            module.exit_json(changed=given["state"] == "present", plan={})
        module.fail_json(msg=f"there is no {given['settings']}; `jailpf init --ext-if em0` writes it")
    file = os.path.join(etc, "jails", given["name"] + ".toml")
    wanted = given["text"] if given["state"] == "present" else None
    if wanted is not None and not wanted.endswith("\n"):
        wanted += "\n"
    if wanted == _read(file):
        module.exit_json(changed=False)
    stage = tempfile.mkdtemp(dir=module.tmpdir)
    copy = os.path.join(stage, "etc")
    shutil.copytree(etc, copy, symlinks=True)
    _write(os.path.join(copy, "jails", given["name"] + ".toml"), wanted)
    if wanted is not None:
        _check(module, copy, given["name"], etc)
    plan = _plan(module, etc, copy)
    if not module.check_mode:
        _write(file, wanted)
    lines = {word: "".join(f"{_sentence(row)}\n" for row in plan.get(word, ())) for word in ("gone", "new")}
    module.exit_json(
        changed=True,
        plan=plan,
        diff={"before": lines["gone"], "after": lines["new"], "before_header": file, "after_header": file},
    )


def _read(file: str) -> str | None:
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read()
    except FileNotFoundError:
        return None


def _write(file: str, text: str | None) -> None:
    if text is None:
        if os.path.exists(file):
            os.unlink(file)
        return
    descriptor, staged = tempfile.mkstemp(dir=os.path.dirname(file), prefix=".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    os.chmod(staged, 0o644)
    os.replace(staged, file)


def _check(module: AnsibleModule, folder: str, name: str, etc: str) -> None:
    words = [
        module.params["program"],
        "-c",
        os.path.join(folder, "jailpf.toml"),
        "--run",
        module.params["run"],
        "check",
        name,
    ]
    status, _, err = module.run_command(words)
    if status > 1:
        module.fail_json(msg=err.replace(folder, etc).strip() or f"jailpf check ended {status}")


def _plan(module: AnsibleModule, before: str, after: str) -> dict[str, object]:
    words = [module.params["program"], "-c", module.params["settings"], "--run", module.params["run"]]
    status, out, err = module.run_command([*words, "plan", "--from", before, "--to", after, "--json"])
    if status > 1:
        module.fail_json(msg=err.strip() or f"jailpf plan ended {status}")
    return json.loads(out)


def _sentence(row: dict[str, list[str]]) -> str:
    return f"{','.join(row['sources'])} ({row['origin']}) reaches {row['jail']} on {','.join(row['addresses'])} {row['proto']} {','.join(row['ports'])}".rstrip()


if __name__ == "__main__":
    main()
