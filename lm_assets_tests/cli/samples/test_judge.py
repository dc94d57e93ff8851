"""``lm judge`` and ``lm compare-versions`` as scripts and CI use them."""

import json
from pathlib import Path

import pytest

from lm_assets.cli.main import main

CONFIG = Path(__file__).parents[3] / "config"
STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)
NAME = "3.5.0_connect_kubernetes_none_read_1gb"


def line(combination, metric, run, value, **more):
    row = {"combination": combination, "metric": metric, "run": run, "value": value, **more}
    return json.dumps(row) + "\n"


@pytest.fixture
def samples(tmp_path):
    def write(name, cells, **more):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            "".join(
                line(combination, metric, run, value, **more)
                for (combination, metric), values in cells.items()
                for run, value in enumerate(values, start=1)
            )
        )
        return str(path)

    return write


@pytest.fixture
def lm(capsys, monkeypatch):
    monkeypatch.setenv("LM_CONFIG_DIR", str(CONFIG))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return int(ended.value.code), printed.out, printed.err

    return run


def slower(factor):
    return [factor * value for value in STEADY]


@pytest.mark.parametrize(
    ("current", "verdict", "exit_code"),
    [
        pytest.param(slower(1.01), "unchanged", 0, id="the same"),
        pytest.param(slower(1.5), "regressed", 2, id="slower"),
        pytest.param((60.0, 190.0, 90.0, 130.0, 80.0), "inconclusive", 3, id="too loud"),
        pytest.param((100.0, -1.0, 99.0), "data_fault", 4, id="impossible"),
    ],
)
def test_the_exit_code_and_the_document_say_the_verdict(lm, samples, current, verdict, exit_code):
    files = (
        *("--baseline", samples("a", {("read", "duration_s"): STEADY})),
        *("--current", samples("b", {("read", "duration_s"): current})),
    )
    code, out, _ = lm("judge", *files, "--json")
    document = json.loads(out)
    assert (code, document["exit_code"], document["verdict"]) == (exit_code, exit_code, verdict)
    (cell,) = document["cells"]
    assert cell["verdict"] == verdict
    assert {
        *("combination", "metric", "verdict", "change", "change_ci95", "degradation", "p"),
        *("p_moderated", "q", "n_baseline", "n_current", "change_arithmetic", "p_arithmetic"),
        *("flags", "runs_needed"),
    } <= cell.keys()


def test_people_read_a_table_and_machines_one_document(lm, samples):
    files = (
        *("--baseline", samples("a", {("read", "duration_s"): STEADY})),
        *("--current", samples("b", {("read", "duration_s"): slower(1.5)})),
    )
    code, out, _ = lm("judge", *files)
    assert code == 2
    assert "REGRESSED" in out
    assert "duration_s" in out
    assert "read" in out


def test_findings_name_the_dimension_values_of_the_configured_matrix(lm, tmp_path):
    for name, seed, effects in (
        ("a", 1, ()),
        ("b", 2, ("--effect", "factor=1.5,extension=rapids")),
    ):
        code, _, err = lm(
            *("simulate", "--campaign", f"nightly-{name}", "--output", tmp_path, "--seed", seed),
            *("--samples", tmp_path / f"{name}.jsonl", "--priority", "p1", "--noise", 0.05),
            *effects,
        )
        assert (code, "100 combinations" in err) == (0, True)
    code, out, _ = lm(
        *("judge", "--baseline", tmp_path / "a.jsonl", "--current", tmp_path / "b.jsonl", "--json")
    )
    places = [(f["kind"], f["where"]) for f in json.loads(out)["findings"]]
    assert (code, places) == (2, [("dimension", {"extension": "rapids"})])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("{", "not_json", id="cut off"),
        pytest.param("[1]", "not_an_object", id="an array"),
        pytest.param(line("a", "duration_s", 1, "12"), "wrong_type", id="text for a number"),
        pytest.param(line("a", "duration_s", 1, True), "wrong_type", id="a truth value"),
        pytest.param('{"combination": "a", "metric": "duration_s", "run": 1}', "missing", id="gap"),
        pytest.param(line("a", "duration_s", None, 1.0), "wrong_type", id="no run"),
        pytest.param(line("", "duration_s", 1, 1.0), "wrong_type", id="no name"),
        pytest.param(line("a", "duration_s", 1, float("nan")), "not_finite", id="NaN"),
        pytest.param(line("a", "duration_s", 1, 1.0) * 2, "duplicate_sample", id="twice"),
        pytest.param(line("a", "wobble", 1, 1.0), "unknown_metric", id="unknown metric"),
        pytest.param(line("a", "duration_s", 1, 1, started_at="noon"), "time", id="bad time"),
        pytest.param("", "no_samples", id="empty"),
        pytest.param("x" * 70_000, "line_too_long", id="endless line"),
    ],
)
def test_a_bad_line_ends_with_the_rule_and_its_place(lm, samples, tmp_path, text, rule):
    bad = tmp_path / "bad.jsonl"
    bad.write_text(text)
    good = samples("a", {("a", "duration_s"): STEADY})
    code, out, err = lm("judge", "--baseline", good, "--current", bad, "--json")
    assert (code, out) == (4, "")
    assert rule in err
    if rule not in {"no_samples", "unknown_metric"}:
        assert "bad.jsonl:" in err


def test_messages_name_the_file_and_line_of_what_is_unknown(lm, samples):
    good = samples("good", {("a", "duration_s"): STEADY})
    odd = samples("odd", {("a", "duration_s"): STEADY, ("a", "wobble"): STEADY})
    for bad, more, place in (
        (odd, (), "odd.jsonl:6: 'wobble'"),
        (good, ("--matrix", CONFIG / "matrix.yaml"), "good.jsonl:1: 'a'"),
    ):
        code, out, err = lm("judge", "--baseline", good, "--current", bad, *more, "--json")
        assert (code, out) == (4, "")
        assert place in err


@pytest.mark.parametrize("value", [1e308, -1e200, 10**200])
def test_a_value_whose_square_is_no_number_is_refused(lm, samples, value):
    good = samples("good", {("a", "duration_s"): STEADY})
    bad = samples("bad", {("a", "duration_s"): [value]})
    code, _, err = lm("judge", "--baseline", good, "--current", bad)
    assert code == 4
    assert "out_of_range" in err
    assert "bad.jsonl:1:" in err


@pytest.mark.parametrize("factor", [1.0, 1.5], ids=["undecided", "regressed"])
def test_names_from_a_file_reach_the_terminal_as_text(lm, samples, factor):
    name = "\x1b[2J[bold]read[/bold]\n:warning:"
    loud = [60.0, 190.0, 90.0, 130.0, 80.0] if factor == 1.0 else slower(factor)
    code, out, _ = lm(
        *("judge", "--baseline", samples("a", {(name, "duration_s"): STEADY})),
        *("--current", samples("b", {(name, "duration_s"): loud})),
    )
    assert code == (3 if factor == 1.0 else 2)
    assert r"\x1b[2J[bold]read[/bold]\n:warning:" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("baseline", "current", "because"),
    [
        pytest.param(STEADY, (60.0, 190.0, 90.0, 130.0, 80.0), "runs a side would", id="noise"),
        pytest.param(STEADY[:2], STEADY, "fewer runs than the stage asks for", id="two runs"),
        pytest.param(STEADY, (100.0, -1.0, 99.0), "above zero; current run 2 is -1", id="fault"),
        pytest.param((), STEADY, "nothing to compare with", id="new"),
        pytest.param(STEADY, (), "no current run", id="gone"),
    ],
)
def test_a_table_says_why_a_cell_is_undecided(lm, samples, baseline, current, because):
    other = {("other", "gc_time_pct"): STEADY}
    code, out, _ = lm(
        *("judge", "--baseline", samples("a", {("read", "duration_s"): baseline, **other})),
        *("--current", samples("b", {("read", "duration_s"): current, **other})),
    )
    assert code in {3, 4}
    assert because in out


def test_a_file_without_a_judged_metric_is_no_silent_pass(lm, samples):
    file = samples("a", {("read", "cpu_usage_pct"): STEADY})
    code, out, _ = lm("judge", "--baseline", file, "--current", file)
    assert code == 4
    assert "nothing was judged" in out


def test_a_missing_value_is_left_out_and_is_no_zero(lm, samples, tmp_path):
    current = tmp_path / "b.jsonl"
    current.write_text(
        "".join(line("a", "duration_s", run, v) for run, v in enumerate((*STEADY, None)))
    )
    baseline = samples("a", {("a", "duration_s"): STEADY})
    code, out, _ = lm("judge", "--baseline", baseline, "--current", current, "--json")
    assert (code, json.loads(out)["cells"][0]["n_current"]) == (0, 5)


@pytest.mark.parametrize(
    ("metric", "worse"), [("queue_wait_s", 1.5), ("scan_rows_s", 0.5), ("cache_hits_per_s", 0.5)]
)
def test_a_metric_that_is_not_known_is_judged_by_its_unit_and_said_to_be(
    lm, samples, metric, worse
):
    files = (
        *("--baseline", samples("a", {("a", metric): STEADY})),
        *("--current", samples("b", {("a", metric): slower(worse)})),
    )
    code, out, err = lm("judge", *files, "--json")
    document = json.loads(out)
    assert code == 2
    assert f"{metric!r} is not in metrics.yaml" in err
    assert document["cells"][0]["flags"][-1] == "assumed_metric"
    assert [assumed["name"] for assumed in document["assumed_metrics"]] == [metric]


def test_a_metric_can_be_declared(lm, samples):
    files = (
        *("--baseline", samples("a", {("a", "score"): STEADY})),
        *("--current", samples("b", {("a", "score"): slower(0.5)})),
    )
    assert lm("judge", *files, "--metric", "score=ratio,higher", "--json")[0] == 2
    assert lm("judge", *files, "--metric", "score=ratio,lower", "--json")[0] == 0
    code, _, err = lm("judge", *files, "--metric", "score=sideways")
    assert (code, "NAME=SCALE,DIRECTION" in err) == (1, True)


def test_with_a_matrix_other_combinations_are_refused_and_spellings_are_read(lm, samples):
    matrix = CONFIG / "matrix.yaml"
    known = {(f"p1_{NAME.replace('3.5.0', '350')}", "duration_s"): STEADY}
    files = ("--baseline", samples("a", known), "--current", samples("b", known))
    code, out, _ = lm("judge", *files, "--matrix", matrix, "--json")
    assert (code, json.loads(out)["cells"][0]["combination"]) == (0, NAME)
    other = {("elsewhere", "duration_s"): STEADY}
    files = ("--baseline", samples("a", other), "--current", samples("b", other))
    code, _, err = lm("judge", *files, "--matrix", matrix)
    assert (code, "elsewhere" in err) == (4, True)


def test_suspected_cells_ask_for_fresh_runs_and_take_them(lm, samples, tmp_path):
    rest = {(f"c{at}", "duration_s"): STEADY for at in range(12)}
    before = samples("a", {**rest, ("hit", "duration_s"): (90, 110, 100, 105, 95)})
    now = samples("b", {**rest, ("hit", "duration_s"): (115, 150, 120, 140, 112)})
    request = tmp_path / "request.json"
    files = ("--baseline", before, "--current", now)
    code, _, err = lm("judge", *files, "--confirmation-request", request, "--json")
    assert (code, str(request) in err) == (3, True)
    assert json.loads(request.read_text())["cells"][0]["combination"] == "hit"
    fresh = samples("c", {("hit", "duration_s"): STEADY})
    slow = samples("d", {("hit", "duration_s"): slower(1.4)})
    confirmed = ("--confirm-baseline", fresh, "--confirm-current", slow)
    assert lm("judge", *files, *confirmed, "--json")[0] == 2
    assert lm("judge", *files, "--confirm-baseline", fresh)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["judge"], "--baseline", id="nothing given"),
        pytest.param(["judge", "--baseline", "/no", "--current", "/no"], "exist", id="no file"),
        pytest.param(["compare-versions", "one"], "exist", id="no version"),
    ],
)
def test_wrong_usage_ends_with_1_and_a_message(lm, arguments, message):
    code, out, err = lm(*arguments)
    assert (code, out, message in err) == (1, "", True)


@pytest.mark.external_data
def test_versions_are_compared_with_the_keys_of_the_contract(lm, shared_data):
    folder = shared_data / "versions"
    sides = [folder / f"tpch-0.4.0-{engine}.jsonl" for engine in ("comet", "spark")]
    code, out, _ = lm("compare-versions", *sides, "--json")
    known = json.loads((folder / "expected.json").read_text())
    expected = known["tpch-0.4.0: comet (baseline) -> spark (candidate)"]
    entry = json.loads(out)["duration_s"]
    assert (code, entry["verdict"], entry["n"], entry["scale_conflict"]) == (
        *(2, "regressed"),
        *(22, False),
    )
    assert entry["change_geomean"] == pytest.approx(expected["geomean_change"], rel=1e-5)
    assert entry["change_total"] == pytest.approx(expected["total_change"], rel=1e-5)
    assert entry["wilcoxon_p"] == pytest.approx(expected["wilcoxon_p"], rel=1e-5)
    assert lm("compare-versions", *reversed(sides), "--json")[0] == 0
    assert "duration_s" in lm("compare-versions", *sides)[1]


@pytest.mark.external_data
def test_real_engines_are_judged_query_by_query(lm, shared_data):
    folder = shared_data / "versions"
    code, out, _ = lm(
        *("judge", "--baseline", folder / "tpch-0.4.0-comet.jsonl"),
        *("--current", folder / "tpch-0.4.0-spark.jsonl", "--json"),
    )
    document = json.loads(out)
    regressed = {c["combination"] for c in document["cells"] if c["verdict"] == "regressed"}
    assert code == 2
    # By expected.json 16 of 22 queries are more than 20 % slower, each by another factor.
    assert regressed == {c["combination"] for c in document["cells"] if c["change"] > 0.2}
    assert len(regressed) == 16
    assert {finding["kind"] for finding in document["findings"]} == {"cell"}


def test_versions_that_share_no_judged_metric_are_refused(lm, samples):
    shown = samples("a", {("a", "cpu_usage_pct"): STEADY})
    code, _, err = lm("compare-versions", shown, shown)
    assert (code, "nothing_to_compare" in err) == (4, True)


TWO_COMBINATIONS = {("a", "duration_s"): STEADY, ("b", "duration_s"): [v * 3 for v in STEADY]}


def test_a_version_compared_with_itself_is_unchanged_and_ends_with_0(lm, samples):
    shown = samples(
        "a", {**TWO_COMBINATIONS, ("a", "failed_tasks"): [0], ("b", "failed_tasks"): [0]}
    )
    code, out, _ = lm("compare-versions", shown, shown, "--json")
    verdicts = {row["verdict"] for row in json.loads(out).values()}
    assert (code, verdicts) == (0, {"unchanged"})


def test_the_worst_metric_stands_first_and_a_regressed_row_ends_with_2(lm, samples):
    before = {
        **TWO_COMBINATIONS,
        ("a", "throughput_rows_s"): STEADY,
        ("b", "throughput_rows_s"): STEADY,
    }
    after = {
        **TWO_COMBINATIONS,
        ("a", "throughput_rows_s"): [v / 3 for v in STEADY],
        ("b", "throughput_rows_s"): [v / 3.01 for v in STEADY],
    }
    code, out, _ = lm("compare-versions", samples("before", before), samples("after", after))
    lines = [line for line in out.splitlines() if "regressed" in line or "unchanged" in line]
    assert code == 2
    assert "throughput_rows_s" in lines[0]


def table_of(lm, *arguments):
    code, out, _ = lm("judge", *arguments)
    return code, out, json.loads(lm("judge", *arguments, "--json")[1])


def test_cells_of_another_environment_are_not_comparable_and_say_what_changed(lm, samples):
    """ "Environment changed" was a note, and the cells stayed regressed."""
    key = ("read", "duration_s")
    files = (
        *("--baseline", samples("a", {key: STEADY})),
        *("--current", samples("b", {key: slower(1.5)})),
        *("--baseline-environment", "jdk=17", "--current-environment", "jdk=21"),
    )
    code, out, document = table_of(lm, *files)
    (cell,) = document["cells"]
    assert (code, cell["verdict"]) == (3, "not_comparable")
    assert cell["explanation"]["environment"] == {"jdk": ["17", "21"]}
    assert "jdk 17 → 21" in out
    assert table_of(lm, *files[:-1], "jdk=17")[2]["cells"][0]["verdict"] == "regressed"
    assert lm("judge", *files[:-1], "jdk")[0] == 1


def test_samples_name_their_own_environment_and_node(lm, samples):
    other = {(f"other-{at}", "duration_s"): STEADY for at in range(2)}
    key = ("read", "duration_s")
    before = samples("a", {key: STEADY, **other}, node="n1", environment={"jdk": "17"})
    same_place = samples("b", other, node="n1", environment={"jdk": "17"})
    slow = samples("c", {key: slower(1.5)}, node="n2", environment={"jdk": "17"})
    both = Path(same_place).with_name("both.jsonl")
    both.write_text(Path(same_place).read_text() + Path(slow).read_text())
    _, out, document = table_of(lm, "--baseline", before, "--current", str(both))
    verdicts = {cell["combination"]: cell["verdict"] for cell in document["cells"]}
    assert verdicts == {"read": "confounded", "other-0": "unchanged", "other-1": "unchanged"}
    assert "not to be told from n2" in out
    elsewhere = samples("d", {key: slower(1.5)}, environment={"jdk": "21"})
    _, _, document = table_of(lm, "--baseline", before, "--current", elsewhere)
    assert "not_comparable" in document["counts"]


def test_runs_of_one_combination_in_two_environments_are_refused(lm, samples, tmp_path):
    before = samples("a", {("read", "duration_s"): STEADY})
    both = tmp_path / "both.jsonl"
    both.write_text(
        "".join(
            line("read", "duration_s", run, 100.0, environment={"jdk": jdk})
            for run, jdk in enumerate(("17", "17", "21"), start=1)
        )
    )
    code, _, err = lm("judge", "--baseline", before, "--current", both)
    assert (code, "two_environments" in err) == (4, True)


def test_a_side_of_two_modes_is_flagged(lm, samples):
    modes = [100.0, 101.0, 99.0, 100.5, 99.5, 140.0, 141.0, 139.0, 140.5, 139.5]
    key = ("read", "duration_s")
    files = ("--baseline", samples("a", {key: modes}), "--current", samples("b", {key: modes}))
    assert "two_modes" in table_of(lm, *files)[2]["cells"][0]["flags"]


def test_a_shift_that_was_taken_off_is_told_below_the_verdict(lm, samples):
    """A shift of 2 to 10 % was taken off, and its note was not printed."""
    sides = [
        {
            (f"c{at}", "duration_s"): [factor * v * (1.0 + at / 1000.0) for v in STEADY]
            for at in range(24)
        }
        for factor in (1.0, 1.08)
    ]
    files = ("--baseline", samples("a", sides[0]), "--current", samples("b", sides[1]))
    _, out, _ = table_of(lm, *files)
    assert "a common shift of +8.0 % was taken off every cell of duration_s" in out


def test_the_table_names_the_deciding_test_and_the_plain_rule(lm, samples):
    key = ("read", "duration_s")
    files = (
        *("--baseline", samples("a", {key: STEADY})),
        *("--current", samples("b", {key: slower(1.5)})),
    )
    _, out, document = table_of(lm, *files)
    assert "Welch's t" in out
    assert "yes (p <0.0001)" in out
    assert document["cells"][0]["explanation"]["deciding"]["test"] == "welch"


def test_a_total_that_one_query_carries_is_no_improvement(lm, samples):
    """ "improved -27.5 %" ended with 0 while the total was +46 % by one query, not named."""
    before = {(f"q{at}", "duration_s"): [60.0 + at] for at in range(21)}
    after = {cell: [0.65 * values[0]] for cell, values in before.items()}
    before["q9", "duration_s"], after["q9", "duration_s"] = [89.0], [812.0]
    files = (samples("spark", before), samples("gluten", after))
    code, out, _ = lm("compare-versions", *files)
    assert code == 3
    assert "the total is carried by q9 89 → 812 (100%)" in out
    document = json.loads(lm("compare-versions", *files, "--json")[1])["duration_s"]
    assert (document["verdict"], document["scale_conflict"]) == ("inconclusive", True)
    assert [carried["combination"] for carried in document["carried_by"]] == ["q9"]


def test_a_paired_comparison_by_the_noise_floor_says_so(lm, samples):
    before = {(f"q{at}", "duration_s"): [100.0 + at] for at in range(8)}
    exact = {cell: [1.5 * values[0]] for cell, values in before.items()}
    loud = {cell: [(1.2 + 0.1 * at) * 100.0] for at, cell in enumerate(before)}
    first = samples("a", before)
    used = [
        json.loads(lm("compare-versions", first, samples(name, side), "--json")[1])["duration_s"]
        for name, side in (("exact", exact), ("loud", loud))
    ]
    assert [row["noise_floor_used"] for row in used] == [True, False]


def test_the_next_runs_are_planned_over_nodes(lm):
    code, out, _ = lm(
        *("plan", "--priority", "p0", "--runs", "2", "--node", "n1", "--node", "n2", "--json")
    )
    planned = json.loads(out)
    assert code == 0
    assert {run["node"] for run in planned if run["combination"] == NAME} == {"n1", "n2"}
    code, out, _ = lm("plan", "--paired", "--combination", NAME, "--runs", "1", "--node", "n1")
    assert out.splitlines() == [
        f"1  {NAME}  baseline-1  pair 1  on n1",
        f"2  {NAME}  current-1  pair 1  on n1",
    ]
    assert lm("plan", "--priority", "none")[0] == 1


def test_versions_of_which_only_one_names_its_source_are_compared_and_told(lm, samples):
    cells = {("a", "duration_s"): [10.0, 11.0, 12.0, 13.0, 14.0]}
    a, b = samples("a", cells), samples("b", cells, source="event log")
    _, _, err = lm("compare-versions", a, b)
    assert "duration_s: measured by event log, and nobody says by what in A" in err
    assert "nobody says" not in lm("compare-versions", a, a)[2]


def test_versions_name_the_runs_that_another_source_measured(lm, samples):
    cells = {("a", "duration_s"): [10.0, 11.0, 12.0, 13.0, 14.0]}
    a, b = (samples(name, cells, source="event log") for name in "ab")
    mixed = Path(a).read_text().replace('"event log"', '"prometheus"', 2)
    Path(a).write_text(mixed)
    code, _, err = lm("compare-versions", a, b)
    assert code in {0, 3}
    assert (
        "duration_s: runs of a were left out, which another source measured: "
        "prometheus (2) of the baseline"
    ) in err


@pytest.mark.parametrize("command", ["judge", "compare-versions"])
def test_sources_of_metrics_that_nobody_judges_are_no_error(lm, samples, command):
    """No cell is left to choose a source for."""
    cells = {("a", "cpu_usage_pct"): [10.0, 11.0, 12.0, 13.0, 14.0]}
    a, b = (samples(name, cells, source="prometheus (of limits)") for name in "ab")
    files = ("--baseline", a, "--current", b) if command == "judge" else (a, b)
    code, out, err = lm(command, *files)
    assert code == 4
    assert "judged" in out + err
