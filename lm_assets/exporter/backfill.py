"""The past as OpenMetrics with timestamps, for ``promtool tsdb create-blocks-from openmetrics``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from lm_assets.exporter.units import ExportedMetric
from lm_assets.model.verdict import Verdict

_COUNTS = {
    "runs": "Load runs of a campaign.",
    "failed_runs": "Load runs of a campaign that ended with an exit code other than 0.",
    "combinations": "Combinations of a campaign with one load run or more.",
}


class JudgedCampaign(Protocol):
    """A campaign of the past."""

    @property
    def stage(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def verdict(self) -> str: ...  # noqa: D102
    @property
    def verdict_counts(self) -> Mapping[str, int]: ...  # noqa: D102


class Past(Protocol):
    """Where the past is read."""

    def campaigns(self) -> Sequence[JudgedCampaign]:
        """Return the judged campaigns, stage by stage, the oldest first."""
        ...

    def results(self, metric: str) -> Iterable[tuple[str, str, datetime, float]]:
        """Give stage, combination, time and mean, series by series, the oldest first."""
        ...

    def baselines(self, metric: str) -> Iterable[tuple[str, str, datetime, float]]:
        """Give nothing, combination, time and mean, series by series, the oldest first."""
        ...


def open_metrics(past: Past, metrics: Sequence[ExportedMetric]) -> Iterator[str]:
    """Give the past line by line: one sample a series and campaign, family after family."""
    campaigns = past.campaigns()
    for name, text in _COUNTS.items():
        yield from _head(f"lm_campaign_{name}", text)
        for c in campaigns:
            if (count := getattr(c, name)) is not None:
                yield _sample(f"lm_campaign_{name}", {"stage": c.stage}, count, c.at)
    yield from _by_verdict(campaigns)
    for metric in metrics:
        yield from _head(metric.result, f"{metric.metric.label} of a campaign, mean of load runs.")
        for stage, combination, at, mean in past.results(metric.metric.name):
            labels = {"stage": stage, "combination": combination}
            yield _sample(metric.result, labels, mean * metric.factor, at)
        yield from _head(metric.baseline, f"{metric.metric.label} that it was judged against.")
        for _, combination, at, mean in past.baselines(metric.metric.name):
            labels = {"combination": combination}
            yield _sample(metric.baseline, labels, mean * metric.factor, at)
    yield "# EOF\n"


def _by_verdict(campaigns: Sequence[JudgedCampaign]) -> Iterator[str]:
    by_stage: dict[str, list[JudgedCampaign]] = {}
    for c in campaigns:
        by_stage.setdefault(c.stage, []).append(c)
    for name, text in (
        ("lm_campaign_verdict", "1 for the verdict of a campaign, 0 for the others."),
        ("lm_campaign_cells", "Cells of a campaign by verdict."),
    ):
        yield from _head(name, text)
        for stage, of_stage in by_stage.items():
            for verdict in Verdict:
                labels = {"stage": stage, "verdict": verdict.value}
                for c in of_stage:
                    count = c.verdict_counts.get(verdict, 0)
                    value = count if name.endswith("cells") else int(c.verdict == verdict)
                    yield _sample(name, labels, value, c.at)


def _head(name: str, text: str) -> Iterator[str]:
    yield f"# TYPE {name} gauge\n"
    yield f"# HELP {name} {text}\n"


def _sample(name: str, labels: Mapping[str, str], value: float, at: datetime) -> str:
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {float(value)!r} {at.timestamp():.3f}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
