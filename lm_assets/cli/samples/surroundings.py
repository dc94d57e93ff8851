"""What SAMPLES files and options say of where runs were made: environments, and nodes."""

from collections.abc import Iterable, Mapping, Sequence

import click

from lm_assets.cli.samples.samples_file import Sample
from lm_assets.model.errors import UnusableInputError
from lm_assets.regression.verdict.campaign_context import CampaignContext

Environments = Mapping[str, Mapping[str, str]]


def campaign_surroundings(
    baseline: Sequence[Sample],
    current: Sequence[Sample],
    *,
    baseline_environment: Sequence[str],
    current_environment: Sequence[str],
) -> CampaignContext:
    """Return what is known of both sides beside their values.

    ``KEY=VALUE`` of the command line holds for every combination of a side that does not state
    the key itself.
    """
    return CampaignContext(
        environment_baseline=_environments(
            baseline, _stated(baseline_environment, "--baseline-environment")
        ),
        environment_current=_environments(
            current, _stated(current_environment, "--current-environment")
        ),
        nodes_baseline=_nodes(baseline),
        nodes_current=_nodes(current),
    )


def _stated(pairs: Iterable[str], option: str) -> Mapping[str, str]:
    stated: dict[str, str] = {}
    for text in pairs:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"{text!r} must be KEY=VALUE", param_hint=option)
        stated[key] = value
    return stated


def _environments(samples: Sequence[Sample], stated: Mapping[str, str]) -> Environments:
    """Return the environment of each combination; runs of one must not contradict each other."""
    found: dict[str, dict[str, str]] = {}
    for sample in samples:
        own = found.setdefault(sample.combination, {})
        for key, value in sample.environment.items():
            if own.setdefault(key, value) != value:
                raise UnusableInputError(
                    "two_environments",
                    f"{sample.place}: {key} is {value!r}, and {own[key]!r} on an earlier line of "
                    f"{sample.combination!r}: judge runs of one environment at a time",
                )
    return {name: {**stated, **own} for name, own in found.items() if own or stated}


def _nodes(samples: Iterable[Sample]) -> Mapping[str, Mapping[str, str]]:
    nodes: dict[str, dict[str, str]] = {}
    for sample in samples:
        if sample.node:
            nodes.setdefault(sample.combination, {})[sample.run] = sample.node
    return nodes
