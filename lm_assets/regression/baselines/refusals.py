"""Refusals put together for reading: by rule, each thing said once."""

from collections.abc import Iterable

from lm_assets.regression.baselines.create import Refusal


def by_rule(refusals: Iterable[Refusal]) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return refusals for reading: by rule and remedy what was found, and in which combinations.

    What is said of several metrics of one combination stands together, and so do combinations
    that the same is said of.
    """
    said: dict[tuple[str, str], dict[str, list[str]]] = {}
    for refusal in refusals:
        text = f"{refusal.metric}: {refusal.detail}" if refusal.metric else refusal.detail
        of_rule = said.setdefault((refusal.rule, refusal.remedy), {})
        of_rule.setdefault(refusal.combination, []).append(text)
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for rule, texts in sorted(said.items()):
        for combination, parts in texts.items():
            found.setdefault(rule, {}).setdefault("; ".join(parts), []).append(combination)
    return found
