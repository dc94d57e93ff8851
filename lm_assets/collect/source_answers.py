"""What each source was asked and answered for one load run, and the merge of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import MetricCatalogue

RESULT_LINE = "result line"
PROMETHEUS = "prometheus"
PODS = "pods.json"
HISTORY_SERVER = "history server"
EVENT_LOG = "event log"

# The first available wins. What a source cannot give does not keep a later one from giving it.
PRECEDENCE = (RESULT_LINE, PROMETHEUS, PODS, HISTORY_SERVER, EVENT_LOG)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationSpan:
    """Which application a source told of, and when it ran; None where the source does not say.

    ``attempt_id`` is of a driver that YARN started anew: only such applications have attempts.
    """

    app_id: str
    started_at: datetime | None
    ended_at: datetime | None
    attempt_id: str | None = None

    @property
    def name(self) -> str:
        """The application and its attempt, as Spark names their event logs."""
        return f"{self.app_id}_{self.attempt_id}" if self.attempt_id else self.app_id


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceAnswer:
    """One source's measurements of one load run; ``asked`` and ``answered`` are by metric.

    ``allowed`` is the most that the limits of the containers it saw let a metric be in the run's
    window, where the source knows them.

    ``is_pending`` says that the same question may have a better answer soon. ``application`` is the
    run's, where the source knows it.

    ``profile`` is what explains the application, packed; once it is stored, ``profile_key`` says
    where, and it is let go. ``behaviour`` is what was counted, small enough for a record.
    ``nodes`` are the machines that its executors were on, as far as the source names them.
    """

    source: str
    measurements: Measurements
    asked: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_pending: bool = False
    application: ApplicationSpan | None = None
    profile: bytes = b""
    profile_key: str | None = None
    behaviour: Mapping[str, int | str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.source not in PRECEDENCE:
            raise ValueError(f"source must be one of {PRECEDENCE}, got {self.source!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricExplanation:
    """Where one metric's value came from, or why there is none.

    ``source`` is None where no source has the metric; ``reason`` is empty where one has.
    """

    metric: str
    value: float | None
    source: str | None
    asked: str
    answered: str
    reason: str


def failed_source(source: str, metrics: Iterable[str], *, asked: str, reason: str) -> SourceAnswer:
    """Return the answer of a source that failed: every metric missing for one reason."""
    names = list(metrics)
    return SourceAnswer(
        source=source,
        measurements=Measurements(missing=dict.fromkeys(names, f"{source}: {reason}")),
        asked=dict.fromkeys(names, asked),
        answered=dict.fromkeys(names, reason),
    )


def ask_result_line(measurements: Measurements) -> SourceAnswer:
    """Return a result line's measurements as the answer of a source."""
    found = {name: said.partition(": ")[2] for name, said in measurements.provenance.items()}
    return SourceAnswer(
        source=RESULT_LINE,
        measurements=measurements,
        asked=dict.fromkeys([*measurements.values, *measurements.missing], "the line's fields"),
        answered={**measurements.missing, **found},
    )


def merge_answers(answers: Iterable[SourceAnswer], *, metrics: MetricCatalogue) -> Measurements:
    """Return one run's measurements: by metric, the first source of ``PRECEDENCE`` that has it.

    A value that its metric cannot have is no value, and the next source is used. Where none has
    one, the reasons of all that were asked are kept.
    """
    return _merged(_possible(answers, metrics))


def nodes_of_run(answers: Iterable[SourceAnswer]) -> tuple[str, ...]:
    """Return the machines of a run by the first source that names any."""
    ordered = sorted(answers, key=lambda answer: PRECEDENCE.index(answer.source))
    return next((answer.nodes for answer in ordered if answer.nodes), ())


def explain_answers(
    answers: Iterable[SourceAnswer], *, metrics: MetricCatalogue
) -> tuple[MetricExplanation, ...]:
    """Return for every metric which source gave it, what was asked and what was answered."""
    possible = _possible(answers, metrics)
    merged = _merged(possible)
    return tuple(_explain(name, merged, possible) for name in metrics.names)


def _possible(answers: Iterable[SourceAnswer], metrics: MetricCatalogue) -> list[SourceAnswer]:
    """Return the answers in order of precedence, without what their metrics cannot be."""
    ordered = sorted(answers, key=lambda answer: PRECEDENCE.index(answer.source))
    return [replace(a, measurements=metrics.possible(a.measurements, a.allowed)) for a in ordered]


def _merged(possible: Iterable[SourceAnswer]) -> Measurements:
    merged = Measurements()
    for answer in possible:
        merged = merged.merged_with(answer.measurements)
    return merged


def _explain(
    metric: str, merged: Measurements, ordered: Iterable[SourceAnswer]
) -> MetricExplanation:
    asked, answered = [], []
    giver = next((a.source for a in ordered if metric in a.measurements.values), None)
    for answer in ordered:
        if metric in answer.asked:
            asked.append(f"{answer.source}: {answer.asked[metric]}")
        if metric in answer.answered:
            answered.append(f"{answer.source}: {answer.answered[metric]}")
        if answer.source == giver:
            # Sources after the one that gave the value have no say in it.
            break
    reason = "" if giver else merged.missing.get(metric, "no source has this metric")
    return MetricExplanation(
        metric=metric,
        value=merged.values.get(metric),
        source=giver,
        asked="; ".join(asked),
        answered="; ".join(answered),
        reason=reason,
    )
