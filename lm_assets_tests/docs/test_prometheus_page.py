"""docs/prometheus.md names every family, rule and alert, and no other."""

import re
from typing import Any

from lm_assets.exporter.alert_families import alert_families
from lm_assets.exporter.campaign_families import campaign_families
from lm_assets.exporter.family_text import TextFamily
from lm_assets.exporter.own_families import OwnState, own_families
from lm_assets.exporter.result_families import result_families
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.exporter.standings import NOW, a_standing, shipped_settings
from lm_assets_tests.rules.test_alert_rules import ALERTS, RECORDED

PAGE = (PROJECT / "docs" / "prometheus.md").read_text(encoding="utf-8")
SETTINGS = shipped_settings()
OWN = OwnState(
    version="1",
    is_warehouse_up=True,
    read_at=NOW,
    dropped={},
    series=0,
    limit=1,
    undelivered={},
    heartbeats={},
    asks_dagster=True,
    duration_s=0.1,
)


def families() -> dict[str, list[str]]:
    """Every family in its order, with its labels where it has any."""
    made = (
        *own_families(OWN),
        *campaign_families(a_standing(), SETTINGS, now=NOW),
        *alert_families(a_standing()),
        *result_families(a_standing(), SETTINGS, now=NOW),
    )
    return {family.name: labels_of(family) for family in made}


def labels_of(family: Any) -> list[str]:
    if isinstance(family, TextFamily):
        return re.findall(r'(\w+)="', family.samples[0][0]) if family.samples else []
    return list(family._labelnames)


def rows() -> dict[str, list[str]]:
    found = re.findall(r"^\| `(lm_\w+(?:…)?)` \| ([\w, …]*) ?\|", PAGE, re.MULTILINE)
    return {
        name: [label for label in labels.strip().split(", ") if label] for name, labels in found
    }


def test_every_family_is_there_in_its_order_with_its_labels():
    told = {
        n: labels
        for n, labels in families().items()
        if not n.startswith(("lm_result", "lm_baseline"))
    }
    table = {n: labels for n, labels in rows().items() if not n.endswith("…")}
    assert list(table) == list(told)
    for name, labels in told.items():
        shown = ["dim_…" if label.startswith("dim_") else label for label in labels]
        assert table[name] == list(dict.fromkeys(shown)), name


def test_every_shipped_result_and_baseline_is_named():
    named = set(re.findall(r"`(lm_(?:result|baseline)_\w+)`", PAGE))
    assert named == {n for n in families() if n.startswith(("lm_result", "lm_baseline"))}


def test_every_alert_is_there_with_its_severity_and_page():
    shown = re.findall(
        r"^\| \[(Lm\w+)\]\((runbooks/\w+\.md)\) \|.*\| (\w+) \|$", PAGE, re.MULTILINE
    )
    assert shown == [
        (name, f"runbooks/{name.lower()}.md", rule["labels"]["severity"])
        for name, rule in ALERTS.items()
    ]


def test_every_recorded_series_is_covered_by_a_row():
    patterns = [
        re.escape(name).replace("…", r"\w+")
        for name in re.findall(r"^\| `(stage\S*:\S+)` \|", PAGE, re.MULTILINE)
    ]
    assert [r for r in RECORDED if not any(re.fullmatch(p, r) for p in patterns)] == []
