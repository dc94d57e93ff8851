"""What was found under each kind of noise, as a table of docs/calibration.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures.noise_rows import NoiseRow, NoiseTrial
from benchmarks.figures.pages import write_section
from lm_assets.stats.proportion import Proportion, clustered_proportion

# Of cells that are a fifth slower, in every row.
MOST_WRONG_UNCHANGED = 0.07
_HEAD = (
    "| noise | false cells a campaign | allowed | by the plain rule | suspected | "
    "large effects regressed [95 %] | or suspected | called unchanged or improved | "
    "`unchanged` at a true +20 % |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, kw_only=True)
class NoiseFigures:
    """One line of the table. Shares have intervals that take a campaign for a cluster of cells."""

    row: NoiseRow
    false: float
    plain: float
    suspected: float
    recall: Proportion
    noticed: Proportion
    lost: Proportion
    wrong_unchanged: Proportion

    def as_line(self) -> str:
        """Return the figures in Markdown."""
        recall = self.recall
        interval = f"{recall.share:.3f} [{recall.low:.3f}, {recall.high:.3f}]"
        false = f"{self.false:.2f}"
        if self.false > self.row.most_false:
            false = f"**{false}**"
        wrong = f"{self.wrong_unchanged.share:.3f}" if self.wrong_unchanged.trials else "–"
        if self.wrong_unchanged.trials and self.wrong_unchanged.share > MOST_WRONG_UNCHANGED:
            wrong = f"**{wrong}**"
        return (
            f"| {self.row.name} | {false} | {self.row.most_false:g} | {self.plain:.1f} | "
            f"{self.suspected:.1f} | {interval} | {self.noticed.share:.3f} | "
            f"{self.lost.share:.3f} | {wrong} |"
        )


def summarised(
    row: NoiseRow, unchanged: Sequence[NoiseTrial], changed: Sequence[NoiseTrial]
) -> NoiseFigures:
    """Return the figures of the campaigns of one kind of noise."""

    def share(of: Callable[[NoiseTrial], int], all_of: Callable[[NoiseTrial], int]) -> Proportion:
        return clustered_proportion(list(map(of, changed)), list(map(all_of, changed)))

    n = len(unchanged)
    return NoiseFigures(
        row=row,
        false=sum(trial.false for trial in unchanged) / n,
        plain=sum(trial.plain for trial in unchanged) / n,
        suspected=sum(trial.suspected for trial in unchanged) / n,
        recall=share(lambda t: t.large_found, lambda t: t.large),
        noticed=share(lambda t: t.large_noticed, lambda t: t.large),
        lost=share(lambda t: t.large_lost, lambda t: t.large),
        wrong_unchanged=share(lambda t: t.margin_unchanged, lambda t: t.margin),
    )


def write_table(
    docs: Path, figures: Sequence[NoiseFigures], *, numbers: tuple[int, int], date: str
) -> None:
    """Write the table into docs/calibration.md, with how many campaigns it is of, and when."""
    clean, changed = numbers
    lines = "\n".join(of_row.as_line() for of_row in figures)
    command = f"python -m benchmarks noise_calibration --campaigns {clean} --changed {changed}"
    text = (
        f"Made on {date} by `{command}`:\n"
        f"{clean} campaigns of each kind without a change, which give the false cells, and "
        f"{changed} with effects, each with some\n15 large ones and 70 of 20 %. "
        f"What is above its limit is bold.\n\n{_HEAD}\n{lines}"
    )
    write_section(docs, "calibration.md", "noise", text)
