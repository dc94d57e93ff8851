"""JMeter's JTL, CSV or XML: each sample a request, transaction parents left out.

A transaction controller writes a sample of its own around those of its requests: counted as well,
every request would count twice. Sub-results of a request (embedded resources) are part of it.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from lm_assets.collect.convert.converted import (
    ConvertedRun,
    number,
    refused,
    requests_run,
    rows_of_csv,
)

_PARENT = "Number of samples in transaction"
_SAMPLES = frozenset({"sample", "httpSample"})
_NEEDED = ("timeStamp", "elapsed", "success")

# A request: when it began, how long it took (both milliseconds), and whether it succeeded.
Request = tuple[float, float, bool]


def convert(content: bytes) -> list[ConvertedRun]:
    """Return the one run of a JTL file."""
    is_xml = content.lstrip().startswith(b"<")
    requests = list(_of_xml(content) if is_xml else _of_csv(content))
    if not requests:
        raise refused("there is no request in it")
    return [
        requests_run(
            [elapsed for _, elapsed, _ in requests],
            started_ms=min(began for began, _, _ in requests),
            ended_ms=max(began + elapsed for began, elapsed, _ in requests),
            errors=sum(not success for _, _, success in requests),
        )
    ]


def _of_csv(content: bytes) -> Iterator[Request]:
    table = rows_of_csv(content)
    if absent := [name for name in _NEEDED if name not in table.names]:
        raise refused(f"a JTL in CSV has a head with {', '.join(_NEEDED)}; absent: {absent}")
    for row in table.rows:
        if not (row.get("responseMessage") or "").startswith(_PARENT):
            began, elapsed = (number(row[name], name) for name in _NEEDED[:2])
            yield began, elapsed, row["success"] == "true"


def _of_xml(content: bytes) -> Iterator[Request]:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise refused("a JTL has no document type; entities are not read")
    try:
        root = ET.fromstring(content)  # noqa: S314 - without a document type nothing is expanded
    except ET.ParseError as error:
        raise refused(f"it is no XML: {error}") from error
    if root.tag != "testResults":
        raise refused(f"a JTL in XML begins with testResults, not {root.tag!r}")
    yield from _samples(root)


def _samples(element: ET.Element) -> Iterator[Request]:
    for child in element:
        if child.tag in _SAMPLES:
            if (child.get("rm") or "").startswith(_PARENT):
                yield from _samples(child)
            else:
                yield (
                    number(child.get("ts"), "ts"),
                    number(child.get("t"), "t"),
                    (child.get("s") == "true"),
                )
