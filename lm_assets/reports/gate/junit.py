"""JUnit XML: a case for the campaign, for each wider finding, and for each judged cell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports import phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_WORDS
from lm_assets.reports.gate.entries import alert_phrase, figures, why_undecided
from lm_assets.reports.gate.escaping import xml_text
from lm_assets.reports.gate.material import GateMaterial, Unjudged

_PASSED, _FAILED, _ERROR, _SKIPPED = "", "failure", "error", "skipped"
# What lacks data is an error of the campaign, not a failure of what it measured.
_FAULTS = (Verdict.DATA_FAULT, Verdict.NOT_RUN)
_OF_EXIT_CODE = {0: _PASSED, 2: _FAILED, 3: _SKIPPED}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """One case. ``classname`` is stage and metric: its readers group by what a dot divides."""

    classname: str
    name: str
    result: str = _PASSED
    kind: str = ""
    message: str = ""


def junit_xml(material: GateMaterial) -> str:
    """Return the campaign as one suite.

    What blocks is a failure with its numbers, a data fault an error; what is undecided, and what
    somebody has in hand, is skipped with the reason. An unchanged or improved cell passes.
    """
    cases = [_campaign(material), *_findings(material), *_cells(material)]
    properties = {
        "campaign": material.campaign,
        "stage": material.stage,
        "git_sha": material.git_sha,
        "baseline_version": material.verdict.baseline_version,
        "exit_code": str(material.remaining.exit_code),
        **{f"report_{name}": address for name, address in material.reports.items()},
    }
    return _document(material.campaign, f"{material.at:%Y-%m-%dT%H:%M:%S}", cases, properties)


def unjudged_xml(unjudged: Unjudged) -> str:
    """Return a campaign without a verdict as one case in error."""
    case = _Case(
        classname=f"{unjudged.stage}.campaign",
        name=f"{unjudged.campaign} is judged",
        result=_ERROR,
        kind=unjudged.state,
        message=unjudged.reason,
    )
    properties = {"campaign": unjudged.campaign, "exit_code": str(unjudged.exit_code)}
    return _document(unjudged.campaign, f"{unjudged.at:%Y-%m-%dT%H:%M:%S}", [case], properties)


def _campaign(material: GateMaterial) -> _Case:
    remaining = material.remaining
    notes = "; ".join(material.verdict.notes[:3])
    return _Case(
        classname=f"{material.stage}.campaign",
        name=f"{material.campaign} as a whole",
        result=_OF_EXIT_CODE.get(remaining.exit_code, _ERROR),
        kind=remaining.verdict.value,
        message=" ".join(filter(None, (phrases.headline(material.verdict), notes))),
    )


def _findings(material: GateMaterial) -> Iterator[_Case]:
    for place, finding in enumerate(material.verdict.findings):
        if finding.kind == "cell":
            continue
        where = phrases.finding_place(finding)
        alert = material.remaining.findings.get(place)
        result = _SKIPPED if alert is not None else _result(material, finding.severity)
        text = phrases.finding_sentence(finding, material.metrics)
        yield _Case(
            classname=f"{material.stage}.findings",
            name=f"{finding.kind} {place + 1}: {finding.metric} in {where}",
            result=result,
            kind=finding.severity.value,
            message=f"known: {alert_phrase(alert)}; {text}" if alert is not None else text,
        )


def _cells(material: GateMaterial) -> Iterator[_Case]:
    for cell in sorted(material.verdict.cells, key=lambda c: (c.combination, c.metric)):
        alert = material.remaining.cells.get((cell.combination, cell.metric))
        result = _SKIPPED if alert is not None else _result(material, cell.verdict)
        words = f"{VERDICT_WORDS[cell.verdict]}: "
        text = words + (figures(material, cell) if result == _FAILED else _why(material, cell))
        yield _Case(
            classname=f"{material.stage}.{cell.metric}",
            name=f"{cell.combination} {cell.metric}",
            result=result,
            kind=cell.verdict.value,
            message=f"known: {alert_phrase(alert)}; {text}" if alert is not None else text,
        )


def _why(material: GateMaterial, cell: CellVerdict) -> str:
    if cell.verdict in (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED):
        return figures(material, cell)
    return why_undecided(cell)


def _result(material: GateMaterial, verdict: Verdict) -> str:
    if verdict is Verdict.DATA_FAULT:
        return _ERROR
    if material.blocks(verdict):
        return _ERROR if verdict in _FAULTS else _FAILED
    is_passed = verdict in (Verdict.UNCHANGED, Verdict.IMPROVED, Verdict.ACCEPTED_TRADEOFF)
    return _PASSED if is_passed else _SKIPPED


def _document(name: str, timestamp: str, cases: list[_Case], properties: dict[str, str]) -> str:
    counts = Counter(case.result for case in cases)
    head = {
        "name": name,
        "package": "lm-assets",
        "id": "0",
        "timestamp": timestamp,
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(counts[_FAILED]),
        "errors": str(counts[_ERROR]),
        "skipped": str(counts[_SKIPPED]),
        "time": "0",
    }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    lines += [f"<testsuite{_attributes(head)}>", "<properties>"]
    lines += [
        f"<property{_attributes({'name': key, 'value': value})}/>"
        for key, value in properties.items()
        if value
    ]
    lines += ["</properties>", *map(_element, cases)]
    lines += ["<system-out></system-out>", "<system-err></system-err>"]
    return "\n".join([*lines, "</testsuite>", "</testsuites>", ""])


def _element(case: _Case) -> str:
    names = _attributes({"classname": case.classname, "name": case.name, "time": "0"})
    if case.result == _PASSED:
        return f"<testcase{names}/>"
    text = one_line(case.message, limit=2000)
    told = {"message": text} if case.result == _SKIPPED else {"type": case.kind, "message": text}
    inner = "" if case.result == _SKIPPED else escape(xml_text(text))
    return f"<testcase{names}><{case.result}{_attributes(told)}>{inner}</{case.result}></testcase>"


def _attributes(values: dict[str, str]) -> str:
    return "".join(
        f" {name}={quoteattr(xml_text(one_line(value, limit=2000)))}"
        for name, value in values.items()
    )
