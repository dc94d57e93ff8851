"""The side file of the baseline catalogue: what each baseline's runs counted exactly.

It lies beside the catalogue and is written with it. An entry names the moment of the baseline that
it belongs to: one that a hand has separated from it says nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lm_assets.gateways.baseline_file.format import scalar
from lm_assets.gateways.baseline_file.nodes import At, Node, parse_nodes
from lm_assets.model.baseline import Baseline
from lm_assets.model.behaviour import PLANS

SIDE_FILE_NAME = "load-test-behaviour.yaml"

_FORMAT_VERSION = 1
_HEADER = f"""\
# What the runs of each baseline counted, where all of them agree: sums of a run, and a digest of
# its plans. Written by `lm baseline` with the baselines; a campaign that counts otherwise is told.
format: {_FORMAT_VERSION}
"""
_COUNT = re.compile(r"0|[1-9][0-9]{0,18}")
_DIGEST = re.compile(r"[0-9a-f]{4,64}")


def side_file(catalogue: Path) -> Path:
    """Return where the side file of a catalogue lies."""
    return catalogue.with_name(SIDE_FILE_NAME)


def behaviour_text(entries: Iterable[Baseline]) -> str:
    """Return the whole file, sorted, one line a counter; empty where nothing was counted."""
    lines = [line for entry in sorted(entries, key=_name) for line in _lines(entry)]
    return f"{_HEADER}behaviour:\n{''.join(lines)}" if lines else ""


def decode_behaviour(text: str, file: str) -> dict[str, tuple[str, dict[str, int | str]]]:
    """Return, by combination, the moment of its baseline and what its runs counted.

    Raises
    ------
    ConfigurationError
        For the first entry that breaks a rule, with its line.
    """
    root = parse_nodes(text, file)
    if root is None:
        return {}
    at = At(file)
    fields = at.fields(root, frozenset({"format", "behaviour"}), frozenset())
    if fields["format"][1:] != ("", str(_FORMAT_VERSION)):
        (at / "format").refuse(fields["format"], f"must be {_FORMAT_VERSION}")
    at = at / "behaviour"
    return {
        combination: _entry(at / combination, node)
        for combination, node in at.mapping(fields["behaviour"]).items()
    }


def with_behaviour(entries: Mapping[str, Baseline], text: str, file: str) -> dict[str, Baseline]:
    """Return the baselines with what the side file's text says of them."""
    counted = decode_behaviour(text, file)
    return {
        name: replace(entry, behaviour=counted[name][1])
        if name in counted and counted[name][0] == entry.updated_at
        else entry
        for name, entry in entries.items()
    }


def _name(entry: Baseline) -> str:
    return entry.combination


def _lines(entry: Baseline) -> Iterator[str]:
    if not entry.behaviour:
        return
    yield f"  {scalar(entry.combination)}:\n"
    yield f"    baseline: {scalar(entry.updated_at)}\n"
    for name, value in sorted(entry.behaviour.items()):
        yield f"    {scalar(name)}: {value if isinstance(value, int) else scalar(value)}\n"


def _entry(at: At, node: Node) -> tuple[str, dict[str, int | str]]:
    fields = at.mapping(node)
    if "baseline" not in fields:
        at.refuse(node, "lacks the required key 'baseline'")
    moment = (at / "baseline").text(fields.pop("baseline"))
    return moment, {name: _value(at / name, name, item) for name, item in fields.items()}


def _value(at: At, name: str, node: Node) -> int | str:
    text = at.text(node)
    if name == PLANS:
        if not _DIGEST.fullmatch(text):
            at.refuse(node, f"must be a digest of 4 to 64 hexadecimal digits, got {text!r}")
        return text
    if not _COUNT.fullmatch(text):
        at.refuse(node, f"must be a whole number from 0 on, got {text!r}")
    return int(text)
