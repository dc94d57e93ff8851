"""Gatling: the text of ``simulation.log`` (before 3.12), and the report's ``stats.json``."""

from collections.abc import Mapping

from lm_assets.collect.convert.converted import (
    ConvertedRun,
    document,
    mapping,
    number,
    refused,
    requests_run,
)

_STATUS = {"OK": True, "KO": False}
# What the report's four percentiles are unless gatling.conf says otherwise: 50, 75, 95, 99.
_PERCENTILES = {
    "percentiles1": "latency_p50_ms",
    "percentiles3": "latency_p95_ms",
    "percentiles4": "latency_p99_ms",
}


def convert_log(content: bytes) -> list[ConvertedRun]:
    """Return the one run of a simulation log: its requests; groups are not requests."""
    if b"\x00" in content[:4096]:
        raise refused("this simulation.log is binary (Gatling 3.12 and later): give stats.json")
    requests: list[tuple[float, float, bool]] = []
    for line in content.decode("utf-8", errors="replace").splitlines():
        cells = line.split("\t")
        if cells[0] == "REQUEST":
            requests.append(_request(cells))
    if not requests:
        raise refused("there is no line REQUEST in it")
    return [
        requests_run(
            [end - begin for begin, end, _ in requests],
            started_ms=min(begin for begin, _, _ in requests),
            ended_ms=max(end for _, end, _ in requests),
            errors=sum(not is_ok for _, _, is_ok in requests),
        )
    ]


def convert_stats(content: bytes) -> list[ConvertedRun]:
    """Return the one run of a report's ``stats.json``: the totals of all requests."""
    whole = mapping(document(content, dict, "stats.json"), "stats.json")
    stats = mapping(whole.get("stats"), "stats")
    found = {
        "requests_s": number(_total(stats, "meanNumberOfRequestsPerSecond"), "requests per second"),
        "errors": number(
            mapping(stats.get("numberOfRequests"), "numberOfRequests").get("ko"), "ko"
        ),
    }
    for name, metric in _PERCENTILES.items():
        found[metric] = number(_total(stats, name), name)
    return [ConvertedRun(metrics=found)]


def _request(cells: list[str]) -> tuple[float, float, bool]:
    """Return a request's start, end and success; versions differ in the columns before them."""
    at = next((n for n, cell in enumerate(cells) if cell in _STATUS), None)
    if at is None or at < 3:
        raise refused(f"a line REQUEST has start, end and OK or KO, got {ascii(cells)[:120]}")
    return number(cells[at - 2], "start"), number(cells[at - 1], "end"), _STATUS[cells[at]]


def _total(stats: Mapping[str, object], name: str) -> object:
    return mapping(stats.get(name), name).get("total")
