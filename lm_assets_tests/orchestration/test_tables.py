"""Frames between assets: nothing is lost or invented on the way through them."""

from dataclasses import dataclass

import pandas as pd
import pytest

from lm_assets.gateways.bucket.verdict_json import campaign_verdict, verdict_rows
from lm_assets.orchestration.tables import Table, plain_records
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS
from lm_assets_tests.builders import a_record, a_report_material, a_summary


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    count: int | None = None


TABLE = Table(row_type=Row, descriptions={"name": "Name", "count": "How many"})


def test_rows_come_back_as_they_went_in():
    rows = [Row(name="a", count=1), Row(name="b")]
    assert TABLE.rows(TABLE.frame(rows)) == rows


def test_a_missing_whole_number_stays_missing_and_does_not_become_nan():
    assert TABLE.frame([Row(name="a", count=None), Row(name="b", count=2)])["count"].tolist() == [
        None,
        2,
    ]


def test_no_rows_make_a_frame_with_every_column():
    assert list(TABLE.frame([]).columns) == ["name", "count"]
    assert TABLE.rows(TABLE.frame([])) == []


def test_a_frame_with_other_columns_is_refused():
    with pytest.raises(ValueError, match="columns must be"):
        TABLE.rows(pd.DataFrame({"name": ["a"]}))


def test_a_table_without_a_text_for_a_column_is_refused():
    with pytest.raises(ValueError, match="count"):
        Table(row_type=Row, descriptions={"name": "Name"})


def test_the_schema_says_which_columns_may_be_empty():
    columns = {column.name: column for column in TABLE.schema.columns}
    assert (columns["name"].type, columns["name"].constraints.nullable) == ("string", False)
    assert (columns["count"].type, columns["count"].constraints.nullable) == ("int", True)


def test_canonical_records_survive_the_frame():
    records = [a_record(), a_record(run_id="run-2", exit_code=None)]
    assert RECORDS.rows(RECORDS.frame(records)) == records


def test_summaries_survive_the_frame():
    summaries = [a_summary(), a_summary(n=1, stddev=None, ci95_low=None)]
    assert SUMMARIES.rows(SUMMARIES.frame(summaries)) == summaries


def test_a_verdict_survives_the_frame():
    verdict = a_report_material().verdict
    frame = VERDICTS.frame(verdict_rows(verdict))
    assert campaign_verdict(VERDICTS.rows(frame)) == verdict


def test_records_for_the_web_page_are_plain_values():
    shown = plain_records([a_record()], limit=1)[0].data
    assert shown["exit_code"] in (0, None)
    assert '"operation":"read"' in str(shown["dimensions"])
