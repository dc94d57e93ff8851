"""Colours, words and thresholds, everywhere the same, and the same as in the reports."""

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.marks import VERDICT_COLOURS

CALM = "#7a869a"
WARNING = "#e69f00"
BAD = "#d55e00"
GOOD = "#0072b2"
STATE_COLOURS = {
    "open": BAD,
    "acknowledged": WARNING,
    "accepted": "#009e73",
    "dismissed": CALM,
    "resolved": GOOD,
}
# A number for each verdict, so that one panel of numbers can say the word and have its colour.
VERDICT_CODES = {verdict: code for code, verdict in enumerate(Verdict, start=1)}


def words(verdict: str) -> str:
    """Return a verdict as people read it."""
    return verdict.replace("_", " ")


def verdict_words() -> ValueMap:
    """Return the colours of verdicts in a table's cells."""
    return ValueMap(
        options={
            v.value: ValueMappingResult(text=words(v), color=VERDICT_COLOURS[v], index=place)
            for place, v in enumerate(Verdict)
        }
    )


def verdict_codes() -> ValueMap:
    """Return the words and colours of the numbers that stand for verdicts."""
    return ValueMap(
        options={
            str(code): ValueMappingResult(
                text=words(verdict), color=VERDICT_COLOURS[verdict], index=code
            )
            for verdict, code in VERDICT_CODES.items()
        }
    )


def state_words() -> ValueMap:
    """Return the colours of the states of an alert."""
    return ValueMap(
        options={
            state: ValueMappingResult(text=state, color=colour, index=place)
            for place, (state, colour) in enumerate(STATE_COLOURS.items())
        }
    )


def up_words() -> ValueMap:
    """Return what 1 and 0 mean of something that should be up."""
    return ValueMap(
        options={
            "1": ValueMappingResult(text="up", color=GOOD, index=0),
            "0": ValueMappingResult(text="DOWN", color=BAD, index=1),
        }
    )


def thresholds(*steps: tuple[float | None, str]) -> ThresholdsConfig:
    """Return thresholds: from each value on its colour; the first has no value."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=value, color=colour) for value, colour in steps])
    )


def colour(value: str) -> DynamicConfigValue:
    """Return the override that gives a field one colour."""
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": value})


def unit(name: str) -> DynamicConfigValue:
    """Return the override that gives a field a unit."""
    return DynamicConfigValue(id_val="unit", value=name)


def coloured_cell(mapping: ValueMap) -> list[DynamicConfigValue]:
    """Return the overrides that colour a table's cell by its word.

    The cell and not the word: the darker colours of the reports, which are made for paper, cannot
    be read as letters on Grafana's dark theme.
    """
    return [
        DynamicConfigValue(id_val="mappings", value=[mapping]),
        DynamicConfigValue(
            id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}
        ),
    ]


def fixed(value: str) -> FieldColor:
    """Return the colour of a whole panel whose fields have none of their own."""
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(value)


def named(words_: str) -> DynamicConfigValue:
    """Return the override that gives a field another name."""
    return DynamicConfigValue(id_val="displayName", value=words_)


def said_if_missing(text: str) -> DynamicConfigValue:
    """Return the override that says what a cell without a value means."""
    return DynamicConfigValue(id_val="noValue", value=text)


def hidden() -> DynamicConfigValue:
    """Return the override of a column that only links need."""
    return DynamicConfigValue(id_val="custom.hidden", value=True)


def link(title: str, url: str) -> DynamicConfigValue:
    """Return the override that makes a field a link."""
    return DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])


def width(pixels: int) -> DynamicConfigValue:
    """Return the override that gives a table's column its width."""
    return DynamicConfigValue(id_val="custom.width", value=pixels)
