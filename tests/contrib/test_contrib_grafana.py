"""contrib/grafana: the dashboard and the alerts speak of metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "contrib" / "grafana"
MADE = set(re.findall(r'"(jailpf_[a-z_]+)"', (ROOT / "jailpf/cli/metrics.py").read_text()))


def test_every_metric_that_is_named_exists() -> None:
    """In the dashboard, the alerts and the page."""
    page = (ROOT / "docs/how-to/metrics.md").read_text()
    for text in ((GRAFANA / "jailpf.json").read_text(), (GRAFANA / "alerts.yml").read_text()):
        assert set(re.findall(r"jailpf_[a-z_]+", text)) <= MADE
    for name in MADE - {"jailpf_service_bytes", "jailpf_service_states"}:
        assert name in page
    assert json.loads((GRAFANA / "jailpf.json").read_text())["panels"]


def test_prometheus_takes_the_alerts() -> None:
    """As promtool says."""
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed; `apt-get install prometheus`")
    done = subprocess.run(
        [promtool, "check", "rules", str(GRAFANA / "alerts.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
