"""Names and values in base units."""

import pytest

from lm_assets.exporter.units import dimension_labels, exported_metric, headline_metrics
from lm_assets.model.errors import ConfigurationError
from lm_assets_tests.builders import a_metric, a_metric_catalogue


@pytest.mark.parametrize(
    ("name", "exported", "factor", "quantity"),
    [
        ("duration_s", "duration_seconds", 1.0, "duration"),
        ("latency_p95_ms", "latency_p95_seconds", 0.001, "latency_p95"),
        ("memory_usage_pct", "memory_usage_ratio", 0.01, "memory_usage"),
        ("memory_gib_seconds", "memory_byte_seconds", 2.0**30, "memory_byte_seconds"),
        ("cpu_core_seconds", "cpu_core_seconds", 1.0, "cpu_core_seconds"),
        ("throughput_rows_s", "throughput_rows_per_second", 1.0, "throughput"),
        ("failed_tasks", "failed_tasks", 1.0, "failed_tasks"),
        ("shuffle_bytes", "shuffle_bytes", 1.0, "shuffle"),
        ("peak_rss_mb", "peak_rss_bytes", 1e6, "peak_rss"),
        ("heap_kb", "heap_bytes", 1e3, "heap"),
        ("disk_gb", "disk_bytes", 1e9, "disk"),
        ("archive_tib", "archive_bytes", 2.0**40, "archive"),
        ("lock_wait_ns", "lock_wait_seconds", 1e-9, "lock_wait"),
        ("warm_up_sec", "warm_up_seconds", 1.0, "warm_up"),
        ("cache_hit_percent", "cache_hit_ratio", 0.01, "cache_hit"),
        # Without a unit in its name a metric keeps it.
        ("tps", "tps", 1.0, "tps"),
        # Endings that belong to counters, histograms and information.
        ("row_count", "row_count_value", 1.0, "row_count_value"),
        ("kills_total", "kills_total_value", 1.0, "kills_total_value"),
    ],
)
def test_a_metric_is_told_in_base_units(name, exported, factor, quantity):
    found = exported_metric(a_metric(name))
    assert (found.name, found.factor, found.quantity) == (exported, factor, quantity)


@pytest.mark.parametrize(
    "name", ["requests_per_s", "requests_s", "requests_per_sec", "requests_per_second"]
)
def test_a_rate_is_one_a_second_and_no_time(name):
    found = exported_metric(a_metric(name, unit="requests/s"))
    assert (found.name, found.quantity) == ("requests_per_second", "requests")


@pytest.mark.parametrize("name", ["scan_mb_s", "scan_mb_per_s"])
def test_a_rate_of_megabytes_is_one_of_bytes(name):
    found = exported_metric(a_metric(name, unit="MB/s"))
    assert (found.name, found.factor) == ("scan_bytes_per_second", 1e6)
    assert found.quantity == "scan"


def test_performance_comes_first_so_that_the_limit_takes_it_last():
    tiers = [m.metric.tier for m in headline_metrics(a_metric_catalogue())]
    assert tiers == sorted(tiers, reverse=True)


def test_a_metric_that_is_no_headline_is_not_told():
    catalogue = type(a_metric_catalogue())(
        (a_metric("duration_s"), a_metric("latency_p50_ms", headline=False))
    )
    assert [m.metric.name for m in headline_metrics(catalogue)] == ["duration_s"]


def test_two_metrics_with_one_name_in_base_units_are_refused_by_their_names():
    catalogue = type(a_metric_catalogue())((a_metric("wait_s"), a_metric("wait_ms")))
    with pytest.raises(ConfigurationError, match="wait_s and wait_ms"):
        headline_metrics(catalogue)


def test_a_dash_in_a_dimension_is_an_underscore_in_its_label():
    assert dimension_labels(["data-size", "mode"]) == {
        "data-size": "dim_data_size",
        "mode": "dim_mode",
    }


def test_dimensions_that_would_share_a_label_are_refused():
    with pytest.raises(ConfigurationError, match="only in - and _"):
        dimension_labels(["data-size", "data_size"])
