"""Benchmark harnesses: a file is one run of each benchmark, its repetitions are no runs."""

# ruff: noqa: E501 - files as the tools write them

import json

import pytest

from lm_assets.collect.convert import microbenchmarks
from lm_assets.model.errors import UnusableInputError

GOOGLE = {
    "context": {"date": "2026-11-22T01:00:00+00:00", "num_cpus": 8},
    "benchmarks": [
        *(
            {
                "name": "BM_Sort/1024/repeats:2",
                "run_name": "BM_Sort/1024/repeats:2",
                "run_type": "iteration",
                "repetition_index": index,
                "iterations": 1000,
                "real_time": time,
                "cpu_time": time - 1.0,
                "time_unit": "us",
            }
            for index, time in enumerate((10.0, 12.0))
        ),
        {
            "name": "BM_Sort/1024/repeats:2_mean",
            "run_name": "BM_Sort/1024/repeats:2",
            "run_type": "aggregate",
            "aggregate_name": "mean",
            "real_time": 11.0,
            "cpu_time": 10.0,
            "time_unit": "us",
        },
    ],
}


def converted(convert, document):
    return convert(json.dumps(document).encode())


@pytest.mark.parametrize("only_aggregates", [False, True])
def test_google_benchmarks_repetitions_are_one_run(only_aggregates):
    rows = GOOGLE["benchmarks"][2:] if only_aggregates else GOOGLE["benchmarks"]
    (run,) = converted(microbenchmarks.convert_google_benchmark, {**GOOGLE, "benchmarks": rows})
    assert run.name == "BM_Sort/1024/repeats:2"
    assert run.metrics["duration_s"] == pytest.approx(11e-6)
    assert run.metrics["cpu_core_seconds"] == pytest.approx(10e-6)


def test_a_benchmark_that_ended_with_an_error_is_no_run():
    rows = [{"name": "BM_X", "error_occurred": True, "error_message": "no file"}]
    with pytest.raises(UnusableInputError, match="no file"):
        converted(microbenchmarks.convert_google_benchmark, {"benchmarks": rows})


def test_jmh_gives_a_time_or_a_throughput_by_its_unit():
    def row(score, unit, **params):
        metric = {"score": score, "scoreError": 0.1, "scoreUnit": unit, "rawData": [[score]]}
        return {
            "benchmark": "org.x.Sort.run",
            "mode": "avgt",
            "params": params,
            "primaryMetric": metric,
        }

    runs = converted(
        microbenchmarks.convert_jmh, [row(2.5, "ms/op", size="10"), row(3.0, "ops/us", size="20")]
    )
    assert [run.name for run in runs] == ["org.x.Sort.run_10", "org.x.Sort.run_20"]
    assert runs[0].metrics == {"duration_s": 0.0025}
    assert runs[1].metrics == {"operations_s": pytest.approx(3e6)}


def test_pytest_benchmark_gives_the_median_of_its_rounds():
    stats = {"min": 0.9, "max": 4.0, "mean": 1.4, "median": 1.0, "stddev": 0.2, "rounds": 50}
    document = {"machine_info": {}, "benchmarks": [{"name": "test_sort[10]", "stats": stats}]}
    (run,) = converted(microbenchmarks.convert_pytest_benchmark, document)
    assert (run.name, run.metrics) == ("test_sort[10]", {"duration_s": 1.0})


def test_hyperfine_gives_the_median_and_the_cpu_time_and_a_failure_as_one():
    result = {"command": "sort big", "mean": 1.2, "median": 1.1, "user": 0.8, "system": 0.2}
    document = {"results": [{**result, "times": [1.1, 1.1, 1.4], "exit_codes": [0, 0, 3]}]}
    (run,) = converted(microbenchmarks.convert_hyperfine, document)
    assert run.metrics == {"duration_s": 1.1, "cpu_core_seconds": 1.0}
    assert run.fields == {"exit_code": 3}


SPARK = """\
================================================================================================
sort merge join
================================================================================================

OpenJDK 64-Bit Server VM 17.0.9+9-LTS on Linux 5.15.0
AMD EPYC 7763 64-Core Processor
sort merge join:                          Best Time(ms)   Avg Time(ms)   Stdev(ms)    Rate(M/s)   Per Row(ns)   Relative
------------------------------------------------------------------------------------------------------------------------
sort merge join wholestage off                     1137           1150          18          1.8         542.0       1.0X
sort merge join wholestage on                       994           1001           5          2.1         474.1       1.1X
"""


def test_sparks_own_benchmarks_give_a_run_of_each_row():
    off, on = microbenchmarks.convert_spark_benchmark(SPARK.encode())
    assert off.name == "sort merge join wholestage off"
    assert off.metrics == {"duration_s": 1.15, "throughput_rows_s": pytest.approx(1.8e6)}
    assert on.metrics["duration_s"] == 1.001


@pytest.mark.parametrize(
    "convert",
    [
        *(microbenchmarks.convert_google_benchmark, microbenchmarks.convert_jmh),
        *(microbenchmarks.convert_pytest_benchmark, microbenchmarks.convert_hyperfine),
        microbenchmarks.convert_spark_benchmark,
    ],
)
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'[{"a": 1}]', b'{"benchmarks": [{}]}'])
def test_another_file_is_refused_and_never_half_read(convert, content):
    with pytest.raises(UnusableInputError):
        convert(content)
