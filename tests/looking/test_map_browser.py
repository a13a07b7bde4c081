"""jailpf map --html in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Desk

ASK = """<script>
box.value = "%s";
box.dispatchEvent(new Event("input"));
const shown = [...document.querySelectorAll(".jail")].filter((one) => one.offsetHeight).map((one) => one.querySelector("h2").textContent);
document.body.innerHTML = "<output>" + shown.join(" ") + " on " + getComputedStyle(document.body).backgroundColor + "</output>";
</script></body>"""


@pytest.mark.exam
@pytest.mark.parametrize(
    ("words", "scheme", "seen"),
    [
        ("", 1, "dovecot git on rgb(251, 251, 249)"),
        ("GIT 8080", 0, "git on rgb(20, 24, 30)"),
        ("nobody", 0, " on rgb(20, 24, 30)"),
    ],
)
def test_the_filter_and_the_colours(desk: Desk, words: str, scheme: int, seen: str) -> None:
    """Chromium hides the jails without the words, and follows the scheme that is asked for (0: dark, 1: light)."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not installed; `apt-get install chromium`")
    desk.jailpf("load", "git")
    page = desk.root / "map.html"
    assert desk.jailpf("map", "--html", str(page)).status == 0
    page.write_text(page.read_text().replace("</body>", ASK % words))
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={desk.root}/browser",
            f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"<output>(.*?)</output>", done.stdout)
    assert found
    assert found[1] == seen
