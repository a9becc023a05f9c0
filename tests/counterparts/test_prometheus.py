"""Prometheus' own promtool on what `/metrics` says, and on the alerting rules that we ship."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import bot
from tests.counterparts.tools import program
from tests.web.test_metrics import text

RULES = Path(bot.__file__).parent / "web" / "prometheus" / "alerts.yaml"
TRIED = Path(__file__).parents[1] / "data" / "prometheus" / "alerts_test.yaml"


@pytest.fixture
def promtool() -> str:
    return program("promtool")


def test_promtool_has_no_complaint_of_the_metrics(promtool: str) -> None:
    judged = subprocess.run([promtool, "check", "metrics"], input=text().encode(), capture_output=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, b"", b"")


def test_promtool_finds_every_rule_well_formed(promtool: str) -> None:
    judged = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "7 rules found" in judged.stdout


def test_each_alert_fires_when_it_should_and_only_then(promtool: str, tmp_path: Path) -> None:
    for file in (RULES, TRIED):
        shutil.copy(file, tmp_path)
    command = [promtool, "test", "rules", TRIED.name]
    judged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_every_alert_is_tried_both_ways() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    tried = yaml.safe_load(TRIED.read_text(encoding="utf-8"))["tests"]
    for rule in rules:
        firing = {
            bool(each.get("exp_alerts"))
            for test in tried
            for each in test["alert_rule_test"]
            if each["alertname"] == rule["alert"]
        }
        assert firing == {True, False}, rule["alert"]
