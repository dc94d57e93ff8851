"""Frames between assets, and their declared columns.

A frame is the domain's rows, one attribute a column; nothing is computed here. ``object`` columns
keep ``None``, nested values and whole numbers as they are: a frame that turns a missing value into
``NaN`` or ``0`` on its way through storage would change what is judged.
"""

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

import dagster as dg
import msgspec
import pandas as pd

Row = TypeVar("Row")

_SCHEMA_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "int",
    float: "float",
    bool: "bool",
    datetime: "timestamp",
}


@dataclass(frozen=True, kw_only=True)
class Table(Generic[Row]):
    """A named kind of frame whose rows are one dataclass.

    ``descriptions`` gives the columns' texts for the UI; a column without one, or a text without
    its column, is refused, so that the schema shown is the schema stored.
    """

    row_type: type[Row]
    descriptions: Mapping[str, str]

    def __post_init__(self) -> None:
        if set(self.columns) != set(self.descriptions):
            raise ValueError(
                f"descriptions must name the columns of {self.row_type.__name__}: "
                f"{sorted(set(self.columns) ^ set(self.descriptions))}"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(f.name for f in dataclasses.fields(self.row_type))  # type: ignore[arg-type]

    @property
    def schema(self) -> dg.TableSchema:
        """The declared columns as the UI shows them."""
        hints = typing.get_type_hints(self.row_type)
        return dg.TableSchema(
            columns=[
                dg.TableColumn(
                    name,
                    _type_name(hints[name]),
                    description=self.descriptions[name],
                    constraints=dg.TableColumnConstraints(nullable=_is_optional(hints[name])),
                )
                for name in self.columns
            ]
        )

    def frame(self, rows: Iterable[Row]) -> pd.DataFrame:
        """Return rows as a frame."""
        rows = list(rows)
        return pd.DataFrame(
            {name: _column([getattr(row, name) for row in rows]) for name in self.columns}
        )

    def rows(self, frame: pd.DataFrame) -> list[Row]:
        """Return a frame as rows; a frame with other columns is refused."""
        names = self.columns
        if tuple(frame.columns) != names:
            raise ValueError(f"columns must be {list(names)}, got {list(frame.columns)}")
        columns = [frame[name].tolist() for name in names]
        return [
            self.row_type(**dict(zip(names, values, strict=True)))
            for values in zip(*columns, strict=True)
        ]


def plain_records(rows: Sequence[object], *, limit: int) -> list[dg.TableRecord]:
    """Return the first rows as table records for metadata; nested values as JSON text."""
    return [
        dg.TableRecord({f.name: _plain(getattr(row, f.name)) for f in dataclasses.fields(row)})  # type: ignore[arg-type]
        for row in rows[:limit]
    ]


def _column(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype=object)


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return msgspec.json.encode(value, order="sorted").decode()


def _is_optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "string"
    return _SCHEMA_TYPES.get(hint, "json")
