"""Effects of dimension values as findings: metrics that moved in the same place are one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.verdict import Finding, Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.verdict.phrases import metric_phrase
from lm_assets.stats.validation import IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionEffect:
    """What one metric did where some dimension values meet, beyond all other effects.

    ``change`` is relative or in points; ``cells`` are the cells that follow it, ``exceptions``
    those of the same dimension values that are shown not to, and ``explained`` the regressed ones
    that are no worse than the effect makes them. ``outcome`` is what most of its worse cells became
    instead of regressed: accepted, confounded, or not comparable.
    """

    metric: Metric
    where: Mapping[str, str]
    change: float
    change_ci95: tuple[float, float]
    cells: IntArray
    exceptions: IntArray
    explained: IntArray
    outcome: Verdict | None

    @classmethod
    def of_fit(
        cls,
        metric: Metric,
        where: Mapping[str, str],
        effect: tuple[float, float, float],
        *,
        cells: IntArray,
        exceptions: IntArray,
        explained: IntArray,
        outcome: Verdict | None,
    ) -> "DimensionEffect":
        """Return the effect of a fit's (effect, low, high) on the scale of the comparison."""
        change, low, high = (
            float(np.expm1(value)) if metric.scale is Scale.RATIO else value for value in effect
        )
        return cls(
            metric=metric,
            where=where,
            change=change,
            change_ci95=(low, high),
            cells=cells,
            exceptions=exceptions,
            explained=explained,
            outcome=outcome,
        )

    @property
    def degradation(self) -> float:
        """The change, above 0 where it is for the worse."""
        return -self.change if self.metric.direction is Direction.HIGHER else self.change

    @property
    def severity(self) -> Verdict:
        """What the effect stands for."""
        if self.outcome is not None and self.degradation > 0.0:
            return self.outcome
        return Verdict.REGRESSED if self.degradation > 0.0 else Verdict.IMPROVED


def dimension_findings(effects: Sequence[DimensionEffect], cells: Cells) -> tuple[Finding, ...]:
    """Return one finding per place, named after the metric that people ask about first.

    That is the one that regressed, in the highest tier, first in the catalogue; the others are in
    the explanation. Regressions come first, wide ones before narrow ones.
    """
    places: dict[tuple[tuple[str, str], ...], list[DimensionEffect]] = {}
    for effect in effects:
        places.setdefault(tuple(sorted(effect.where.items())), []).append(effect)
    findings = [_finding(group, cells) for group in places.values()]
    findings.sort(key=lambda f: (f.severity is not Verdict.REGRESSED, -f.cells))
    return tuple(findings)


def _finding(effects: Sequence[DimensionEffect], cells: Cells) -> Finding:
    worse = [effect for effect in effects if effect.severity is Verdict.REGRESSED]
    named = max(worse or effects, key=lambda effect: effect.metric.tier)
    codes = sorted({int(c) for effect in effects for c in cells.combination_code[effect.cells]})
    unit = named.metric.scale.change_unit
    place = " × ".join(f"{name}={value}" for name, value in named.where.items())
    phrase = metric_phrase(named.metric.name, named.change, named.change_ci95, unit)
    others = [
        metric_phrase(e.metric.name, e.change, None, e.metric.scale.change_unit)
        for e in effects
        if e is not named
    ]
    return Finding(
        kind="dimension",
        metric=named.metric.name,
        severity=named.severity,
        where=named.where,
        change=named.change,
        change_ci95=named.change_ci95,
        change_unit=unit,
        cells=sum(int(effect.cells.size) for effect in effects),
        combinations=tuple(cells.combinations[code] for code in codes),
        message=f"{place}: {phrase} in {_how_many(named)} combinations"
        + (f", with {', '.join(others)}" if others else ""),
        explanation={
            "metrics": {
                effect.metric.name: {
                    "change": effect.change,
                    "change_ci95": list(effect.change_ci95),
                    "severity": effect.severity.value,
                    "cells": int(effect.cells.size),
                    "exceptions": _combinations(effect.exceptions, cells),
                    "regressed_cells": int(effect.explained.size),
                }
                for effect in effects
            }
        },
    )


def _how_many(effect: DimensionEffect) -> str:
    n, exceptions = effect.cells.size, effect.exceptions.size
    return f"{n} of {n + exceptions}" if exceptions else str(n)


def _combinations(chosen: IntArray, cells: Cells) -> list[str]:
    return [cells.combinations[code] for code in cells.combination_code[chosen].tolist()]
