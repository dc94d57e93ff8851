"""Families as text: those with a series a combination are written directly.

The client library makes an object and a mapping of every series before it writes a line. For the
families of combinations, which are nearly all of an answer, that is most of a scrape.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_NOT_FINITE = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


class Family(Protocol):
    """One family of an answer: its name, how many series it has, and its lines."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def series(self) -> int: ...  # noqa: D102
    def text(self) -> bytes: ...  # noqa: D102


class ClientFamily:
    """A family that the client library writes."""

    def __init__(self, family: GaugeMetricFamily) -> None:
        self._family = family
        self.name = family.name

    @property
    def series(self) -> int:
        """How many series it has."""
        return len(self._family.samples)

    def text(self) -> bytes:
        """Return its lines in the text format."""
        return generate_latest(_One(self._family))


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFamily:
    """A gauge whose series are pairs of labels, as `label_text` writes them, and value."""

    name: str
    documentation: str
    samples: Sequence[tuple[str, float]]

    @property
    def series(self) -> int:
        """How many series it has."""
        return len(self.samples)

    def text(self) -> bytes:
        """Return its lines in the text format, as the client library writes them."""
        name = self.name
        head = f"# HELP {name} {self.documentation.translate(_IN_HELP)}\n# TYPE {name} gauge\n"
        lines = [f"{name}{{{labels}}} {_number(value)}\n" for labels, value in self.samples]
        return (head + "".join(lines)).encode()


def label_text(pairs: Iterable[tuple[str, str]]) -> str:
    r"""Return labels as they stand between the braces of a series.

    Examples
    --------
    >>> print(label_text([("stage", "nightly"), ("dim_mode", 'a "b"')]))
    stage="nightly",dim_mode="a \"b\""
    """
    return ",".join([f'{name}="{value.translate(_IN_LABEL)}"' for name, value in pairs])


def _number(value: float) -> str:
    text = repr(float(value))
    return _NOT_FINITE.get(text, text)


class _One(Collector):
    """One family in the shape that the client library writes."""

    def __init__(self, family: GaugeMetricFamily) -> None:
        self._family = family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return (self._family,)
