"""The rules of Prometheus: what promtool says of them, and what good rules have in common."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from lm_assets.cli.main import lm
from lm_assets.cli.platform.exporter_rules import rules_text
from lm_assets.exporter.recording_rules import recording_groups
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.metric import MetricCatalogue
from lm_assets_tests.builders import a_metric
from lm_assets_tests.exporter.standings import SHIPPED

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "prometheus"
RUNBOOKS = PROJECT / "docs" / "runbooks"


def rules_of(file: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules" / file).read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules_of("alerts.yml")}
RECORDED = {rule["record"]: rule for rule in rules_of("recording.yml")}
# The one that says nothing but that it fires.
WATCHDOG = "LmWatchdog"
NOT_ASKED_BY_ALERTS = ("lm-combinations", "lm-dimensions")
OTHERS = sorted(set(ALERTS) - {WATCHDOG})


@cache
def promtool_cases() -> list[dict[str, Any]]:
    files = sorted((FOLDER / "tests").glob("*.yml"))
    return [t for f in files for t in yaml.safe_load(f.read_text(encoding="utf-8"))["tests"]]


def checks_of(alert: str) -> Iterator[tuple[str, bool]]:
    """Every moment at which promtool looks at an alert: the test's name, and if it must fire."""
    for test in promtool_cases():
        for check in test["alert_rule_test"]:
            if check["alertname"] == alert:
                yield test["name"], bool(check["exp_alerts"])


def promtool(*arguments: str | Path) -> str:
    run = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, timeout=240
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_prometheus_takes_the_configuration_and_every_rule():
    assert f"{len(RECORDED)} rules found" in promtool("check", "config", FOLDER / "prometheus.yml")


def test_alertmanager_takes_its_configuration():
    run = subprocess.run(
        ["amtool", "check-config", FOLDER / "alertmanager.yml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_sees_every_alert_do_what_it_should(tmp_path):
    promtool("test", "rules", *narrowed_cases(tmp_path))


def narrowed_cases(folder: Path) -> list[Path]:
    """Write the cases with the recorded rules that alerts read, and without all the others.

    Promtool evaluates every rule at every step: those over combinations and dimensions are most of
    its time, and no alert asks for them.
    """
    alerts = (FOLDER / "rules" / "alerts.yml").read_text(encoding="utf-8")
    read = [rule for name, rule in RECORDED.items() if name in alerts]
    assert read
    rules = folder / "recording.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "lm-stages", "rules": read}]}))
    cases = []
    for file in sorted((FOLDER / "tests").glob("*.yml")):
        case = yaml.safe_load(file.read_text(encoding="utf-8"))
        case["rule_files"] = [str(rules), str(FOLDER / "rules" / "alerts.yml")]
        case["group_eval_order"] = [
            name for name in case["group_eval_order"] if name not in NOT_ASKED_BY_ALERTS
        ]
        cases.append(folder / file.name)
        cases[-1].write_text(yaml.safe_dump(case, sort_keys=False))
    assert len(cases) == 2
    return cases


def test_the_recording_rules_are_those_of_the_matrix_and_the_metrics():
    configuration = load_configuration(SHIPPED)
    made = rules_text(recording_groups(configuration.matrix, configuration.metrics))
    committed = (FOLDER / "rules" / "recording.yml").read_text(encoding="utf-8")
    assert committed == made, "run: lm exporter rules --out prometheus/rules/recording.yml"


def test_one_quantity_in_two_units_has_two_records():
    catalogue = MetricCatalogue((a_metric("io_s"), a_metric("io_mb"), a_metric("tps", unit="1/s")))
    groups = recording_groups(load_configuration(SHIPPED).matrix, catalogue)
    records = [rule.record for group in groups for rule in group.rules]
    assert len(records) == len(set(records))
    assert [r for r in records if r.startswith("stage_combination:")] == [
        "stage_combination:lm_result_io_seconds_per_lm_baseline_io_seconds:ratio",
        "stage_combination:lm_result_io_bytes_per_lm_baseline_io_bytes:ratio",
        "stage_combination:lm_result_tps_per_lm_baseline_tps:ratio",
    ]


def test_scrapes_come_every_ten_seconds_and_history_stays_for_thirty_days():
    text = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["global"]["scrape_interval"] == "10s"
    assert "--storage.tsdb.retention.time=30d" in text


@pytest.mark.parametrize("alert", OTHERS)
def test_each_alert_is_tried_firing_and_silent(alert):
    states = {fires for _, fires in checks_of(alert)}
    assert states == {True, False}


@pytest.mark.parametrize("alert", OTHERS)
def test_each_alert_has_a_case_in_which_it_never_fires(alert):
    names = {name for name, _ in checks_of(alert)}
    fired = {name for name, fires in checks_of(alert) if fires}
    assert names - fired


class TestAlert:
    @pytest.mark.parametrize("alert", ALERTS)
    def test_waits_and_says_how_grave_it_is(self, alert):
        assert "for" in ALERTS[alert]
        assert ALERTS[alert]["labels"]["severity"] in {"critical", "warning", "none"}

    @pytest.mark.parametrize("alert", ALERTS)
    def test_has_a_runbook_page_named_after_it(self, alert):
        url = ALERTS[alert]["annotations"]["runbook_url"]
        assert url == f"docs/runbooks/{alert.lower()}.md"
        page = (PROJECT / url).read_text(encoding="utf-8")
        assert page.startswith(f"# {alert}\n")
        headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
        assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"]

    @pytest.mark.parametrize("alert", ALERTS)
    def test_has_a_summary_and_a_description(self, alert):
        assert len(ALERTS[alert]["annotations"]["summary"]) > 10
        assert len(ALERTS[alert]["annotations"]["description"]) > 10

    @pytest.mark.parametrize("alert", ALERTS)
    def test_has_no_value_among_its_labels(self, alert):
        # A label with the value in it would be another alert at each evaluation.
        assert not any("$value" in str(label) for label in ALERTS[alert]["labels"].values())

    @pytest.mark.parametrize("alert", OTHERS)
    def test_compares_or_asks_for_absence(self, alert):
        assert re.search(r"[><=]=? |absent\(", ALERTS[alert]["expr"])

    @pytest.mark.parametrize("alert", ALERTS)
    def test_picks_no_top_of_anything(self, alert):
        # What comes and goes at the edge of a top ten flaps.
        assert not re.search(r"\b(topk|bottomk|limitk)\b", ALERTS[alert]["expr"])

    @pytest.mark.parametrize("alert", OTHERS)
    def test_names_no_instance_so_that_an_exporter_may_move(self, alert):
        assert "instance" not in ALERTS[alert]["expr"]

    def test_of_absence_waits_for_more_than_two_scrapes(self):
        for rule in ALERTS.values():
            if "absent(" in rule["expr"]:
                assert rule["for"] == "5m"

    def test_on_regressions_comes_from_the_state_of_an_alert(self):
        for name, rule in ALERTS.items():
            if name.startswith("LmRegression"):
                assert 'lm_alert_state{state="open"' in rule["expr"]


def names_in(expression: Any) -> Iterator[str]:
    """Every series that a parsed expression asks for."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression.name or ""
    for part in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        if (inner := getattr(expression, part, None)) is not None:
            yield from names_in(inner)
    for argument in getattr(expression, "args", None) or ():
        yield from names_in(argument)


@pytest.mark.parametrize("name", [*ALERTS, *RECORDED])
def test_each_rule_asks_only_for_series_that_there_are(name):
    rule = ALERTS.get(name) or RECORDED[name]
    asked = set(names_in(promql_parser.parse(rule["expr"])))
    families = set((FOLDER.parent / "docs" / "prometheus.md").read_text("utf-8").split("`"))
    own = {n for n in asked if n.startswith("lm_")}
    assert own <= families, "a family that docs/prometheus.md does not name"
    recorded = {n for n in asked if ":" in n}
    assert recorded <= set(RECORDED)
    assert asked - own - recorded <= {"up", "scrape_duration_seconds"}


def test_no_rule_is_there_twice():
    assert len(ALERTS) == len(rules_of("alerts.yml")) == 13
    assert len(RECORDED) == len(rules_of("recording.yml"))


@pytest.mark.parametrize("record", RECORDED)
def test_each_recorded_name_says_level_metric_and_operation(record):
    assert re.fullmatch(r"[a-z_0-9]+:[a-z_0-9]+:[a-z]+", record)


def test_there_is_no_runbook_without_its_alert():
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == {name.lower() for name in ALERTS}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_each_command_of_a_runbook_exists(page):
    for line in re.findall(r"`lm ([^`]+)`", page.read_text(encoding="utf-8")):
        group, *rest = line.split()
        command = lm.get_command(None, group)  # type: ignore[arg-type]
        assert command is not None, f"lm {group}"
        if hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            command = command.commands.get(rest[0])
            assert command is not None, f"lm {line}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, line


def test_what_rests_on_the_warehouse_is_silent_without_it():
    rules = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))[
        "inhibit_rules"
    ]
    targets = {t for r in rules for t in r["target_matchers"]}
    assert 'rests_on = "warehouse"' in targets
    for name, rule in ALERTS.items():
        reads = re.search(r"lm_(campaign|stage|alert|deliveries|exporter_series)", rule["expr"])
        assert (rule["labels"].get("rests_on") == "warehouse") == bool(reads), name
