"""Tables that do not fit their head, or of which it is not certain which column is meant."""

import pytest

from lm_assets.cli.samples.series_file import read_series
from lm_assets.model.errors import UnusableInputError


def read(tmp_path, text, *, column=None):
    file = tmp_path / "series.csv"
    file.write_text(text)
    return read_series(file, column=column, combination=None, metric=None)


@pytest.mark.parametrize(
    ("text", "column", "rule", "line"),
    [
        ("night;duration_s\n1;12,5\n2;12,7\n", None, "decimal_comma", ":2:"),
        ("run,p50,p95,p99\n1,10,20,30\n2,10,31\n", "p95", "ragged_table", ":3:"),
        ("run,p95\n1,10,20\n2,10,21\n", "p95", "ragged_table", ":2:"),
        ("night,duration\n1,12.5s\n2,12.7s\n", None, "which_column", ""),
    ],
    ids=["decimal comma", "short row", "long row", "by elimination"],
)
def test_are_refused_with_line_and_reason(tmp_path, text, column, rule, line):
    with pytest.raises(UnusableInputError) as refused:
        read(tmp_path, text, column=column)
    assert refused.value.rule == rule
    assert line in refused.value.detail


def test_the_column_that_was_read_is_named(tmp_path):
    series = read(tmp_path, "day,duration_s\n2026-11-01,12.5\n2026-11-02,12.7\n")
    assert (series.column, series.values) == ("duration_s", (12.5, 12.7))
