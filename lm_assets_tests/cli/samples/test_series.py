"""``lm trend`` and ``lm outliers``: one series, in any of the ways it may be written."""

import json
from pathlib import Path

import numpy as np
import pytest

from lm_assets.cli.main import main
from lm_assets.cli.samples import stored_series
from lm_assets_tests.builders import a_history_point

CONFIG = Path(__file__).parents[3] / "config"
RNG = np.random.default_rng(8)
STEP = np.where(np.arange(60) < 30, 100.0, 140.0) * np.exp(0.02 * RNG.normal(size=60))


@pytest.fixture
def lm(capsys, monkeypatch):
    monkeypatch.setenv("LM_CONFIG_DIR", str(CONFIG))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(ended.value.code), printed.out, printed.err

    return run


def as_lines(values):
    return "".join(f"{value}\n" for value in values)


def as_samples(values):
    rows = [
        {"combination": "a", "metric": "duration_s", "run": at, "value": value}
        for at, value in enumerate(values)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


WRITTEN = {
    "lines": as_lines,
    "headed lines": lambda values: "duration_s\n" + as_lines(values),
    "array": lambda values: json.dumps(list(values)),
    "csv": lambda values: "day,duration_s\n" + "".join(f"d{i},{v}\n" for i, v in enumerate(values)),
    "semicolons": lambda values: (
        "day;value\n" + "".join(f"d{i};{v}\n" for i, v in enumerate(values))
    ),
    "samples": as_samples,
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_level_shift_is_found_however_the_series_is_written(lm, tmp_path, form):
    file = tmp_path / "series"
    file.write_text(WRITTEN[form](STEP.tolist()))
    code, out, _ = lm("trend", file, "--json")
    document = json.loads(out)
    assert (code, document["n"]) == (0, 60)
    (at,) = document["change_points"]
    assert abs(at - 30) <= 3
    assert document["slope_per_step"] > 0
    assert document["mann_kendall_p"] < 0.001


def test_a_first_row_that_begins_with_a_date_is_no_heading(lm, tmp_path):
    file = tmp_path / "series"
    file.write_text("2026-01-01,1\n2026-01-02,2\n2026-01-03,3\n2026-01-04,4\n")
    assert json.loads(lm("trend", file, "--json")[1])["n"] == 4


def test_a_column_named_value_is_the_series(lm, tmp_path):
    file = tmp_path / "series"
    file.write_text("run,value\n1,10\n2,11\n3,90\n4,10\n5,12\n")
    assert json.loads(lm("outliers", file, "--json")[1])["indices"] == [2]


def test_missing_values_are_left_out_and_counted_by_the_indices(lm, tmp_path):
    file = tmp_path / "series"
    file.write_text("10\n\nnan\n11\n55\n12\n10.5\n")
    code, out, _ = lm("outliers", file, "--json")
    document = json.loads(out)
    assert (code, document["n"], document["n_missing"], document["indices"]) == (0, 5, 2, [4])
    # Quartiles of type 7 of 10, 10.5, 11, 12, 55: 10.5 and 12.
    assert (document["lower_fence"], document["upper_fence"]) == (8.25, 14.25)
    assert "index 4: 55" in lm("outliers", file)[1]


def test_a_trend_is_of_points_and_not_of_every_measurement_there_is(lm, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text(as_lines(range(5_001)))
    code, _, said = lm("trend", path)
    assert (code, "at most 5000 points" in said) == (4, True)


def test_gaps_keep_their_place_in_a_trend(lm, tmp_path):
    full, gappy = tmp_path / "full", tmp_path / "gappy"
    full.write_text(as_lines(range(10, 22)))
    gappy.write_text("10\n\n12\n13\n\n15\n16\n17\n18\n19\n20\n21\n")
    slopes = [json.loads(lm("trend", f, "--json")[1])["slope_per_step"] for f in (full, gappy)]
    assert slopes == [pytest.approx(1.0)] * 2


@pytest.mark.parametrize("command", ["trend", "outliers"])
def test_three_points_are_too_few_and_said_to_be(lm, tmp_path, command):
    file = tmp_path / "series"
    file.write_text("1\n2\n3\n")
    code, out, _ = lm(command, file, "--json")
    assert json.loads(out)["state"] == "insufficient_data"
    assert code == 3
    assert "insufficient data" in lm(command, file)[1]


@pytest.mark.parametrize(
    ("text", "arguments", "rule"),
    [
        pytest.param("1\nx\n3\n", (), "not_a_number", id="a word"),
        pytest.param("1\ninf\n3\n", (), "not_a_number", id="infinity"),
        pytest.param("1_000\n2\n3\n4\n", (), "not_a_number", id="a thousand in Python's way"),
        pytest.param("1e200\n2\n3\n4\n", (), "out_of_range", id="beyond all measure"),
        pytest.param("[1, 2, 3, 1e200]", (), "out_of_range", id="beyond all measure, in an array"),
        pytest.param("[1, NaN]", (), "not_finite: ", id="NaN in an array"),
        pytest.param("", (), "no_values", id="empty"),
        pytest.param("[]", (), "no_values", id="empty array"),
        pytest.param("a,value\n", (), "no_values", id="a heading only"),
        pytest.param("a,b\n1,2\n3,4\n", (), "which_column", id="two columns"),
        pytest.param("a,b\n1,2\n3,4\n", ("--column", "c"), "no_column", id="no such column"),
        pytest.param('[1, "x"]', (), "not_a_number", id="text in an array"),
        pytest.param("\udcff", (), "not_utf8", id="not text"),
        pytest.param(
            as_samples([1.0]) + as_samples([1.0]).replace("_s", "_ms"),
            (),
            "which_series",
            id="two series",
        ),
        pytest.param("1\n0\n2\n3\n4\n5\n6\n", ("--scale", "log"), "outside_scale", id="log of 0"),
    ],
)
def test_what_is_no_series_ends_with_the_rule(lm, tmp_path, text, arguments, rule):
    file = tmp_path / "series"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, out, err = lm("trend", file, *arguments, "--json")
    is_usage = rule in {"which_column", "no_column", "which_series"}
    assert (code, out) == (1 if is_usage else 4, "")
    assert rule in err


def test_a_column_and_a_series_can_be_chosen(lm, tmp_path):
    table, samples = tmp_path / "t.csv", tmp_path / "s.jsonl"
    table.write_text("a,b\n" + "".join(f"{at},{100 - at}\n" for at in range(10)))
    samples.write_text(as_samples([1.0, 2.0, 3.0, 4.0]) + as_samples([4.0]).replace('"a"', '"b"'))
    falling = json.loads(lm("trend", table, "--column", "b", "--json")[1])
    assert falling["slope_per_step"] == pytest.approx(-1.0)
    rising = json.loads(lm("trend", samples, "--combination", "a", "--json")[1])
    assert rising["slope_per_step"] == pytest.approx(1.0)


def test_samples_are_in_the_order_of_their_times(lm, tmp_path):
    file = tmp_path / "s.jsonl"
    rows = [
        {
            "combination": "a",
            "metric": "duration_s",
            "run": f"r{at}",
            "value": float(at),
            "started_at": f"2026-01-{at:02d}T00:00:00Z",
        }
        for at in (3, 1, 2, 5, 4, 6)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert json.loads(lm("trend", file, "--json")[1])["slope_per_step"] == pytest.approx(1.0)


@pytest.mark.external_data
def test_a_real_series_has_the_change_points_that_others_found(lm, shared_data):
    code, out, _ = lm("trend", shared_data / "series" / "long_series.json", "--json")
    document = json.loads(out)
    assert (code, document["n"], len(document["change_points"])) == (0, 1000, 4)


def of_sources(*named):
    rows = [
        {
            "combination": "a",
            "metric": "memory_gib_seconds",
            "run": at,
            "value": v,
            "source": source,
        }
        for at, (v, source) in enumerate(named)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("command", ["trend", "outliers"])
def test_values_of_another_quantity_are_left_out_and_named(lm, tmp_path, command):
    file = tmp_path / "samples"
    nights = [(270.0 + at % 3, "prometheus") for at in range(12)]
    file.write_text(of_sources(*nights, (1196.0, "event log"), *nights[:2]))
    code, out, err = lm(command, file, "--json")
    document = json.loads(out)
    assert (code, document["n"], document["other_sources"]) == (0, 14, {"event log": 1})
    assert "left out: 1 of event log, which measures another quantity" in err
    assert document.get("change_points", document.get("indices")) == []


@pytest.mark.parametrize("command", ["trend", "outliers"])
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"at_least": True}, "at least"),
        ({"source": "event log", "at_least": True}, "event log at least"),
        ({"source": "event log (at least; 3 lines could not be read)"}, "event log at least"),
    ],
    ids=["by nobody", "flagged", "in the provenance"],
)
def test_lower_bounds_are_left_out_and_named(lm, tmp_path, command, said, named):
    file = tmp_path / "samples"
    lines = of_sources(*((270.0 + at % 3, "event log") for at in range(12))).splitlines()
    rows = [json.loads(line) for line in lines]
    rows[5] |= {"value": 3.0, "source": None, **said}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = lm(command, file, "--json")
    document = json.loads(out)
    assert (code, document["n"], document["other_sources"]) == (0, 11, {named: 1})
    assert f"left out: 1 of {named}, which is only a lower bound" in err


class Stored:
    """A warehouse with twelve campaigns of one combination, the last of which is slower."""

    def __init__(self, *_: object) -> None:
        self.asked: list[str] = []

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None: ...

    def combination_history(self, combination, *, metrics):
        values = [10.0 + 0.1 * (at % 3) for at in range(11)] + [30.0]
        if (combination, metrics) != ("a", ["duration_s"]):
            values = []
        return [a_history_point(f"nightly-{at}", mean) for at, mean in enumerate(values)]


@pytest.mark.parametrize("command", ["trend", "outliers"])
def test_without_a_file_the_series_is_that_of_the_stored_campaigns(lm, monkeypatch, command):
    monkeypatch.setattr(stored_series.Warehouse, "from_environment", Stored)
    code, out, _ = lm(command, "--combination", "a", "--metric", "duration_s", "--json")
    document = json.loads(out)
    assert (code, document["n"]) == (0, 12)
    assert document.get("indices", [11]) == [11]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a FILE, or --combination and --metric"),
        (("--combination", "b", "--metric", "duration_s"), "no stored campaign has a 'duration_s'"),
    ],
)
def test_a_series_that_nobody_stored_is_named(lm, monkeypatch, arguments, message):
    monkeypatch.setattr(stored_series.Warehouse, "from_environment", Stored)
    code, _, err = lm("trend", *arguments)
    assert message in err
    assert code != 0


def test_a_step_has_size_levels_direction_and_the_label_of_its_first_point(lm, tmp_path):
    """A +2.4 % step had more strength than a +16 % one, and neither had a size or a date."""
    rng = np.random.default_rng(11)
    levels = np.repeat([100.0, 116.0, 118.8], 40)
    values = levels * np.exp(0.004 * rng.normal(size=120))
    days = [f"2026-{1 + at // 28:02}-{1 + at % 28:02}" for at in range(120)]
    file = tmp_path / "series.csv"
    rows = "".join(f"{d},{v}\n" for d, v in zip(days, values, strict=True))
    file.write_text("day,duration_s\n" + rows)
    told, every = (json.loads(lm("trend", file, *more, "--json")[1]) for more in ((), ("--all",)))
    (step,) = told["steps"]
    assert (step["index"], step["label"], step["direction"]) == (40, days[40], "up")
    assert step["change"] == pytest.approx(0.16, abs=0.01)
    assert step["before"] == pytest.approx(100.0, rel=0.01)
    assert step["after"] == pytest.approx(116.0, rel=0.01)
    assert told["steps_too_small_to_tell"] == 1
    assert [round(s["change"], 2) for s in every["steps"]] == [0.16, 0.02]
    _, out, _ = lm("trend", file)
    assert "step up: +16" in out
    assert days[40] in out
    assert "1 smaller steps; --all shows them" in out
