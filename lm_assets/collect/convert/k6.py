"""k6: the summary as JSON (``--summary-export``, ``handleSummary``), and ``--out json`` points."""

from collections.abc import Mapping
from datetime import datetime

from lm_assets.collect.convert.converted import (
    ConvertedRun,
    document,
    latencies,
    mapping,
    number,
    refused,
)
from lm_assets.collect.foreign_json import read_foreign_json

_QUANTILES = {"med": "latency_p50_ms", "p(95)": "latency_p95_ms", "p(99)": "latency_p99_ms"}


def convert_summary(content: bytes) -> list[ConvertedRun]:
    """Return the one run of a summary; quantiles that it does not have are left out."""
    whole = mapping(document(content, dict, "k6's summary"), "the summary")
    metrics = mapping(whole.get("metrics"), "metrics")
    found: dict[str, float] = {}
    duration = _values(metrics, "http_req_duration")
    for name, metric in _QUANTILES.items():
        if name in duration:
            found[metric] = number(duration[name], name)
    requests = _values(metrics, "http_reqs")
    if not requests:
        raise refused("metrics.http_reqs is not there: nothing was requested")
    found["requests_s"] = number(requests.get("rate"), "http_reqs.rate")
    failed = _values(metrics, "http_req_failed")
    share = failed.get("rate", failed.get("value"))
    if share is not None:
        count = number(requests.get("count"), "http_reqs.count")
        found["errors"] = float(round(number(share, "http_req_failed") * count))
    if isinstance(state := whole.get("state"), dict) and "testRunDurationMs" in state:
        found["duration_s"] = number(state["testRunDurationMs"], "testRunDurationMs") / 1000.0
    return [ConvertedRun(metrics=found)]


def convert_points(content: bytes) -> list[ConvertedRun]:
    """Return the one run of ``--out json``: its requests, one by one."""
    elapsed: list[float] = []
    times: list[float] = []
    errors = 0
    for line in filter(bytes.strip, content.split(b"\n")):
        point = mapping(read_foreign_json(line), "a line")
        if point.get("type") != "Point":
            continue
        data = mapping(point.get("data"), "data")
        if point.get("metric") == "http_req_duration":
            elapsed.append(number(data.get("value"), "http_req_duration"))
            times.append(_seconds(data.get("time")))
        elif point.get("metric") == "http_req_failed":
            errors += number(data.get("value"), "http_req_failed") > 0.0
    if not elapsed:
        raise refused("there is no point of http_req_duration in it")
    # A point is written when its request has ended.
    began = min(at - ms / 1000.0 for at, ms in zip(times, elapsed, strict=True))
    seconds = max(times) - began
    metrics = {**latencies(elapsed), "errors": float(errors)}
    if seconds > 0.0:
        metrics |= {"duration_s": seconds, "requests_s": len(elapsed) / seconds}
    return [ConvertedRun(metrics=metrics)]


def _values(metrics: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a metric's values, which ``handleSummary`` puts one level deeper."""
    found = metrics.get(name)
    if found is None:
        return {}
    plain = mapping(found, name)
    return mapping(plain["values"], name) if "values" in plain else plain


def _seconds(value: object) -> float:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError as error:
        raise refused(f"time must be ISO 8601, got {ascii(value)[:80]}") from error
