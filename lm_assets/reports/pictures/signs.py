"""The signs of the verdicts as drawn shapes: no font is asked for them, on paper or on a screen."""

from lm_assets.model.verdict import Verdict

_TRIANGLE, _LINE = "m0 -3.6l3.8 6.8h-7.6z", "m-3 0h6"
# By verdict: the shape around its middle, in a box of eight, and whether it is filled.
_SHAPES: dict[Verdict, tuple[str, bool]] = {
    Verdict.REGRESSED: (_TRIANGLE, True),
    Verdict.SUSPECTED: (_TRIANGLE, False),
    Verdict.CONFOUNDED: ("m0 -4l4 4l-4 4l-4 -4z", False),
    Verdict.IMPROVED: ("m0 3.6l3.8 -6.8h-7.6z", True),
    Verdict.UNCHANGED: ("m-2.5 -1.3h5m-5 2.6h5", False),
    Verdict.INCONCLUSIVE: ("m-2 -2a2 2 0 1 1 2.6 1.9q-.6 .3 -.6 1.3m0 2v.1", False),
    Verdict.ACCEPTED_TRADEOFF: (
        "m-3 -1.2q1.5 -1.6 3 0t3 0m-6 2.8q1.5 -1.6 3 0t3 0",
        False,
    ),
    Verdict.NO_BASELINE: (_LINE, False),
    Verdict.INSUFFICIENT_DATA: (_LINE, False),
    Verdict.NOT_COMPARABLE: ("m-3 -1.3h6m-6 2.6h6m-1.4 -4l-3.2 5.4", False),
    Verdict.DATA_FAULT: ("m-2.8 -2.8l5.6 5.6m0 -5.6l-5.6 5.6", False),
    Verdict.NOT_RUN: ("m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0m.2 3.2l5.6 -6.4", False),
    Verdict.SOURCE_CHANGED: (
        "m-3.2 -1.6h6m-1.6 -1.6l1.6 1.6m-2.6 3.2h-6m1.6 -1.6l-1.6 1.6",
        False,
    ),
}


def sign_shape(verdict: Verdict, x: float, y: float) -> str:
    """Return the path data of a verdict's sign around a place."""
    return f"M{x:.1f} {y:.1f}{_SHAPES[verdict][0]}"


def is_filled(verdict: Verdict) -> bool:
    """Whether a verdict's sign is a filled shape; the others are drawn with a line."""
    return _SHAPES[verdict][1]
