"""The dashboards without a server: what Grafana would pass over in silence is an error here."""

import itertools
import re
from typing import Any

import promql_parser
import pytest
import yaml

from grafana.building.documents import documents
from grafana.building.style import STATE_COLOURS, verdict_words
from lm_assets.model.standing import ALERT_STATES
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.marks import VERDICT_COLOURS
from lm_assets_tests.dashboards.boards import (
    BOARDS,
    FOLDER,
    every_panel,
    name_of,
    promql_queries,
    sql_queries,
)
from lm_assets_tests.dashboards.grafana_macros import interpolated
from lm_assets_tests.rules.test_alert_rules import RECORDED

PANELS = every_panel()
TITLES = [f"{board}: {panel['title']}" for board, panel in PANELS]
TABLES = [panel for _, panel in PANELS if panel["type"] == "table"]
A_VALUE = {"stage": "nightly", "dimension_label": "dim_mode", "dimension": "mode"}


def test_the_committed_files_are_what_the_code_builds():
    committed = {
        path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("dashboards/*.json")
    }
    assert committed == documents(), "run: python -m grafana"


def test_there_are_four_with_their_own_names():
    uids = {name: board["uid"] for name, board in BOARDS.items()}
    assert uids == {name: name for name in uids}
    assert set(uids) == {"lm-executive", "lm-performance", "lm-regression", "lm-resource"}


class TestBoard:
    @pytest.mark.parametrize("board", BOARDS)
    def test_cannot_be_changed_in_the_browser(self, board):
        assert BOARDS[board]["editable"] is False

    @pytest.mark.parametrize("board", BOARDS)
    def test_has_a_number_for_each_panel(self, board):
        content = BOARDS[board]["panels"]
        ids = [p["id"] for o in content for p in (o, *(o.get("panels") or ()))]
        assert sorted(ids) == list(range(1, len(ids) + 1))

    @pytest.mark.parametrize("board", BOARDS)
    def test_hides_no_link_and_no_annotation_in_a_menu(self, board):
        shown = (*BOARDS[board]["links"], *BOARDS[board]["annotations"]["list"])
        assert len(shown) == 6
        assert not any("placement" in item for item in shown)

    @pytest.mark.parametrize("board", BOARDS)
    def test_leads_to_the_three_others(self, board):
        targets = {link["url"].removeprefix("/d/") for link in BOARDS[board]["links"]}
        assert targets == set(BOARDS) - {board}

    @pytest.mark.parametrize("board", BOARDS)
    def test_declares_every_variable_that_it_uses(self, board):
        declared = {variable["name"] for variable in BOARDS[board]["templating"]["list"]}
        text = (FOLDER / "dashboards" / f"{board}.json").read_text(encoding="utf-8")
        # In an address to another dashboard var-x=${__data.fields.x} is that one's variable.
        used = set(re.findall(r"\$\{(\w+)[:}]", text)) | set(re.findall(r"\$([a-z]\w+)", text))
        assert {name for name in used if not name.startswith("__")} <= declared

    @pytest.mark.parametrize("board", BOARDS)
    def test_asks_its_variables_again_when_the_time_changes(self, board):
        asked = [v for v in BOARDS[board]["templating"]["list"] if v["type"] == "query"]
        assert asked
        assert {v["refresh"] for v in asked} == {2}

    @pytest.mark.parametrize("board", BOARDS)
    def test_has_its_panels_beside_one_another_and_within_the_grid(self, board):
        boxes = [p["gridPos"] for p in BOARDS[board]["panels"] if p["type"] != "row"]
        assert all(box["x"] + box["w"] <= 24 for box in boxes)
        for one, other in itertools.combinations(boxes, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or above, (one, other)


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=TITLES)
class TestPanel:
    def test_says_what_it_is_its_unit_and_what_empty_means(self, board, panel):
        assert len(panel["title"]) > 5
        assert "Empty:" in panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]

    def test_takes_its_data_from_a_provisioned_source(self, board, panel):
        sources = {panel["datasource"]["uid"], *(t["datasource"]["uid"] for t in panel["targets"])}
        assert len(sources) == 1
        assert sources <= {"${prometheus}", "${postgres}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])

    def test_links_lead_to_a_dashboard_or_a_report(self, board, panel):
        links = [
            link["url"]
            for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"]
            if prop["id"] == "links"
            for link in prop["value"]
        ]
        for url in links:
            where = re.match(r"/d/([a-z-]+)\?|\$\{reports\}/", url)
            assert where, url
            assert where[1] is None or where[1] in BOARDS

    def test_links_and_overrides_name_columns_that_its_query_has(self, board, panel):
        text = " ".join(t.get("rawSql", "") for t in panel["targets"])
        named = set(re.findall(r"__data\.fields\.(\w+)", str(panel["fieldConfig"])))
        if text:
            named |= {
                o["matcher"]["options"]
                for o in panel["fieldConfig"]["overrides"]
                if o["matcher"]["id"] == "byName"
            }
        for name in named:
            assert re.search(rf"\b{re.escape(name)}\b", text), name


def test_the_provisioned_sources_have_the_names_that_the_dashboards_ask_for():
    text = (FOLDER / "provisioning/datasources/lm.yaml").read_text(encoding="utf-8")
    provisioned = {s["uid"]: s["type"] for s in yaml.safe_load(text)["datasources"]}
    for content in BOARDS.values():
        current = {
            v["current"]["value"]: v["query"]
            for v in content["templating"]["list"]
            if v["type"] == "datasource"
        }
        assert current == provisioned


@pytest.mark.parametrize("asked", promql_queries(), ids=name_of)
def test_every_promql_is_one_and_asks_for_what_is_recorded(asked):
    expression = interpolated(asked.text, A_VALUE)
    promql_parser.parse(expression)
    recorded = set(re.findall(r"\bstage\w*:\w+:\w+", expression))
    assert recorded <= set(RECORDED)


@pytest.mark.parametrize("asked", sql_queries(), ids=name_of)
class TestSql:
    def test_quotes_every_value_that_a_person_chooses(self, asked):
        assert not re.search(r"\$\{\w+\}|\$(?!__)[a-z]|\$\{\w+:(?!sqlstring)", asked.text)

    def test_has_no_parenthesis_inside_of_a_macro(self, asked):
        assert not re.search(r"\$__\w+\([^)]*\(", asked.text)

    def test_reads_the_views_and_what_they_join(self, asked):
        tables = set(re.findall(r"\b(?:FROM|JOIN) ([a-z_]+)", asked.text))
        allowed = {"verdicts", "combinations"}
        assert {t for t in tables if not t.startswith("dashboard_")} - allowed <= {
            "jsonb_each_text",
            "acknowledged_at",
            "resolved_at",
        }

    def test_answers_with_a_bounded_number_of_rows_or_of_series(self, asked):
        # A row a campaign, a stage or a dimension is bounded by retention and the matrix.
        by_campaign = "campaign_time AS" in asked.text or "GROUP BY" in asked.text
        assert "LIMIT" in asked.text or by_campaign or len(asked.by) < 20


def overridden(panel: dict[str, Any], matcher: str, name: str) -> dict[str, Any]:
    """What a panel overrides of the fields that a matcher finds; later rules win, as in Grafana."""
    return {
        prop["id"]: prop["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"] == {"id": matcher, "options": name}
        for prop in override["properties"]
    }


@pytest.mark.parametrize("panel", TABLES, ids=lambda p: p["title"])
class TestTable:
    def test_says_in_no_cell_why_the_table_would_be_empty(self, panel):
        assert overridden(panel, "byRegexp", ".*")["noValue"] == ""
        # A rule for one column comes after it, and can say what is missing there.
        assert panel["fieldConfig"]["overrides"][0]["matcher"]["id"] == "byRegexp"

    def test_rounds_no_text_that_is_made_of_digits(self, panel):
        assert overridden(panel, "byType", "string")["unit"] == "string"

    def test_colours_the_cell_and_not_the_word(self, panel):
        # The darkest colours of the reports cannot be read as letters on Grafana's dark theme.
        for name in ("verdict", "state"):
            options = overridden(panel, "byName", name).get("custom.cellOptions")
            assert options is None or options["type"] == "color-background"

    def test_has_room_for_its_columns(self, panel):
        # A cell of the grid is some 65 pixels wide, a column without a width at least 150.
        shown = {
            override["matcher"]["options"]: {p["id"]: p["value"] for p in override["properties"]}
            for override in panel["fieldConfig"]["overrides"]
            if override["matcher"]["id"] == "byName"
        }
        widths = [o.get("custom.width", 150) for o in shown.values() if "custom.hidden" not in o]
        assert sum(widths) <= panel["gridPos"]["w"] * 65 - 20


@pytest.mark.parametrize("asked", [a for a in promql_queries() if "stage_" in a.text], ids=name_of)
def test_what_is_recorded_of_results_is_asked_as_it_is_now(asked):
    # Over three months a query has a point every three hours: nothing, of a Prometheus of today.
    (panel,) = [p for b, p in PANELS if b == asked.board and p["title"] == asked.by]
    assert all(target["instant"] for target in panel["targets"])


def test_panels_over_time_of_prometheus_show_the_last_hours_whatever_is_chosen():
    over_time = [
        panel
        for _, panel in PANELS
        if panel["type"] == "timeseries" and panel["datasource"]["uid"] == "${prometheus}"
    ]
    assert over_time
    assert {panel.get("timeFrom") for panel in over_time} == {"6h"}


def test_verdicts_have_the_colours_of_the_reports():
    shown = {name: result.color for name, result in verdict_words().options.items()}
    assert shown == {verdict.value: VERDICT_COLOURS[verdict] for verdict in Verdict}


def test_every_state_of_an_alert_has_a_colour():
    assert tuple(STATE_COLOURS) == ALERT_STATES
