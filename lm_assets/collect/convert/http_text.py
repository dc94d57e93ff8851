"""The text that ``hey`` and ``wrk`` print."""

import re

from lm_assets.collect.convert.converted import ConvertedRun, number, refused

_UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_WRK_TIME = r"([\d.]+)(us|ms|s|m|h)"


def convert_hey(content: bytes) -> list[ConvertedRun]:
    """Return the one run of ``hey``: its summary, its latency distribution, its failures."""
    text = content.decode("utf-8", errors="replace")
    found = {
        "duration_s": _found(r"^\s*Total:\s+([\d.]+) secs", text, "Total"),
        "requests_s": _found(r"^\s*Requests/sec:\s+([\d.]+)", text, "Requests/sec"),
    }
    for q in (50, 95, 99):
        # "0%% in" is what releases print that doubled the sign.
        if match := re.search(rf"^\s*{q}%+ in ([\d.]+) secs", text, re.MULTILINE):
            found[f"latency_p{q}_ms"] = number(match[1], f"{q}%") * 1000.0
    codes = re.findall(r"^\s*\[(\d{3})\]\s+(\d+) responses", text, re.MULTILINE)
    failed = sum(int(n) for code, n in codes if not code.startswith(("2", "3")))
    broken = text.partition("Error distribution:")[2]
    failed += sum(int(n) for n in re.findall(r"^\s*\[(\d+)\]\s", broken, re.MULTILINE))
    return [ConvertedRun(metrics={**found, "errors": float(failed)})]


def convert_wrk(content: bytes) -> list[ConvertedRun]:
    """Return the one run of ``wrk``; latencies are printed with ``--latency`` only."""
    text = content.decode("utf-8", errors="replace")
    total = re.search(rf"^\s*\d+ requests in {_WRK_TIME}", text, re.MULTILINE)
    if total is None:
        raise refused("wrk says `N requests in T`, which is not there")
    found = {
        "duration_s": _milliseconds(total[1], total[2]) / 1000.0,
        "requests_s": _found(r"^Requests/sec:\s+([\d.]+)", text, "Requests/sec"),
    }
    for q in (50, 99):
        if match := re.search(rf"^\s*{q}%\s+{_WRK_TIME}", text, re.MULTILINE):
            found[f"latency_p{q}_ms"] = _milliseconds(match[1], match[2])
    failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", text)))
    if match := re.search(r"Socket errors: (.*)", text):
        failed += sum(map(int, re.findall(r"\d+", match[1])))
    return [ConvertedRun(metrics={**found, "errors": float(failed)})]


def _found(pattern: str, text: str, what: str) -> float:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise refused(f"{what} is not there")
    return number(match[1], what)


def _milliseconds(value: str, unit: str) -> float:
    return number(value, "a time") * _UNITS_MS[unit]
