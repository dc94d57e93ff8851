"""``lm trend`` and ``lm outliers`` on values that their metric cannot have."""

import json

import pytest

from lm_assets.cli.samples import stored_series
from lm_assets_tests.builders import a_history_point
from lm_assets_tests.cli.samples.test_series import lm  # noqa: F401 - a fixture

NAMES = ["gc_time_pct", "failed_tasks", "duration_s"]
BEYOND = {"gc_time_pct": 250.0, "failed_tasks": 2.5, "duration_s": -1.0}
RULES = {"gc_time_pct": "from 0 to 100 %", "failed_tasks": "whole number", "duration_s": "above"}


def values_of(metric):
    return [12.0, 13.0, 12.0, 14.0, 13.0, BEYOND[metric], 12.0, 13.0]


def table(metric):
    rows = "".join(f"d{at},{value}\n" for at, value in enumerate(values_of(metric)))
    return f"day,{metric}\n{rows}"


def headed(metric):
    return "".join(f"{text}\n" for text in (metric, *values_of(metric)))


def samples(metric):
    return "".join(
        json.dumps({"combination": "a", "metric": metric, "run": at, "value": value}) + "\n"
        for at, value in enumerate(values_of(metric))
    )


@pytest.mark.parametrize("command", ["trend", "outliers"])
@pytest.mark.parametrize("metric", NAMES)
@pytest.mark.parametrize("written", [table, headed, samples])
def test_a_value_beyond_is_a_data_fault(lm, tmp_path, command, metric, written):  # noqa: F811
    file = tmp_path / "series"
    file.write_text(written(metric))
    options = ["--column", metric] if written is table else []
    code, _, err = lm(command, file, *options)
    assert code == 4
    assert RULES[metric] in err
    assert f"value 5 is {BEYOND[metric]:g}" in err


@pytest.mark.parametrize("command", ["trend", "outliers"])
def test_a_column_of_another_name_is_bare_numbers(lm, tmp_path, command):  # noqa: F811
    file = tmp_path / "series"
    file.write_text(table("gc_time_pct").replace("gc_time_pct", "share"))
    assert lm(command, file, "--column", "share")[0] == 0


class StoredCounts:
    """A warehouse whose campaigns had 0.2 failed tasks in the mean, 0.4, and so on."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def combination_history(self, _combination, metrics):
        (metric,) = metrics
        return [a_history_point(f"c{n}", 0.2 * n, metric=metric) for n in range(1, 13)]


@pytest.mark.parametrize("command", ["trend", "outliers"])
def test_a_stored_mean_of_counts_need_not_be_whole(lm, monkeypatch, command):  # noqa: F811
    monkeypatch.setattr(stored_series.Warehouse, "from_environment", StoredCounts)
    code, _, err = lm(command, "--combination", "a", "--metric", "failed_tasks")
    assert (code, err) == (0, "")
