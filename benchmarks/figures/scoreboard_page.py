"""The scoreboard as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = {
    "lm judge": "`lm judge`",
    "lm judge, suspected too": "… suspected too",
    "plain": "plain rule",
    "welch_bh": "Welch + BH",
    "perfherder": "Perfherder's t",
}


@dataclass(frozen=True, kw_only=True)
class CampaignScore:
    """Cells called rightly and wrongly by each program over some campaigns."""

    name: str
    campaigns: int
    unmoved: int
    moved: int
    false: Mapping[str, int]
    found: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class SeriesScore:
    """False steps a series, share found, and mean distance of those, by program."""

    name: str
    series: int
    scores: Mapping[str, tuple[float, float | None, float | None]]


def page(campaigns: Sequence[CampaignScore], series: Sequence[SeriesScore], *, date: str) -> str:
    """Return docs/scoreboard.md."""
    template = (Path(__file__).parent / "scoreboard_page.md").read_text(encoding="utf-8")
    return (
        template.replace("{date}", date)
        .replace("{campaigns}", _campaigns(campaigns))
        .replace("{series}", _series(series))
    )


def _campaigns(scores: Sequence[CampaignScore]) -> str:
    lines = [
        "| data | campaigns | cells | " + " | ".join(NAMES.values()) + " |",
        "|---|---:|---|" + "---:|" * len(NAMES),
    ]
    for of in scores:
        false = [str(of.false[program]) for program in NAMES]
        lines.append(
            f"| {of.name} | {of.campaigns} | false, of {of.unmoved} | {' | '.join(false)} |"
        )
        if of.moved:
            found = [str(of.found[program]) for program in NAMES]
            lines.append(f"| | | found, of {of.moved} | {' | '.join(found)} |")
    return "\n".join(lines)


def _series(scores: Sequence[SeriesScore]) -> str:
    programs = list(scores[0].scores)
    lines = [
        "| series | number | " + " | ".join(programs) + " |",
        "|---|---:|" + "---:|" * len(programs),
    ]
    for of in scores:
        cells = [_series_cell(*of.scores[program]) for program in programs]
        lines.append(f"| {of.name} | {of.series} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _series_cell(false: float, found: float | None, error: float | None) -> str:
    share = "–" if found is None else f"{found:.2f}"
    place = "–" if error is None else f"{error:.1f}"
    return f"{false:.2f} / {share} / {place}"
