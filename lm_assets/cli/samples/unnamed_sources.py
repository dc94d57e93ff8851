"""Metrics of which only one of two SAMPLES files names a source: compared, and never silently."""

from collections.abc import Iterator, Sequence

from lm_assets.cli.samples.samples_file import Sample
from lm_assets.model.provenance import UNKNOWN_SOURCE


def unnamed_sources(a: Sequence[Sample], b: Sequence[Sample]) -> Iterator[str]:
    """Yield a sentence for each metric that one file names a source of and the other does not."""
    named = [_sources(side) for side in (a, b)]
    for metric in sorted(named[0].keys() & named[1].keys()):
        told = [side[metric] - {UNKNOWN_SOURCE} for side in named]
        if bool(told[0]) != bool(told[1]):
            sources = ", ".join(sorted(told[0] | told[1]))
            other = "B" if told[0] else "A"
            yield (
                f"{metric}: measured by {sources}, and nobody says by what in {other}; they were "
                "compared as one quantity"
            )


def _sources(samples: Sequence[Sample]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sample in samples:
        found.setdefault(sample.metric, set()).add(sample.source)
    return found
