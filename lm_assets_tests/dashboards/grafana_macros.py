"""What Grafana makes of a query before it sends it: its macros and its variables.

The expression and the expansions are those of Grafana's Postgres data source
(`pkg/tsdb/grafana-postgresql-datasource/macros.go`): arguments end at the *first* parenthesis that
closes, so that a nested call in them becomes another condition without a word.
"""

import re
from collections.abc import Mapping
from datetime import datetime

_MACRO = re.compile(r"\$(__[_a-zA-Z0-9]+)(?:\(([^)]*)\))?")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


class UnknownMacroError(Exception):
    """Grafana answers a query with such a macro with an error."""


def expanded(sql: str, *, since: datetime, until: datetime) -> str:
    """Return a query as the data source sends it."""
    start, end = (moment.isoformat().replace("+00:00", "Z") for moment in (since, until))

    def expansion(found: re.Match[str]) -> str:
        name, arguments = found[1], [a.strip() for a in (found[2] or "").split(",")]
        if name == "__timeFilter":
            return f"{arguments[0]} BETWEEN '{start}' AND '{end}'"
        if name == "__timeFrom":
            return f"'{start}'"
        if name == "__timeTo":
            return f"'{end}'"
        if name in {"__timeGroup", "__timeGroupAlias"}:
            interval = arguments[1].strip("'\"")
            step = int(interval[:-1]) * _SECONDS[interval[-1]]
            group = f"floor(extract(epoch from {arguments[0]})/{step})*{step}"
            return group + (' AS "time"' if name.endswith("Alias") else "")
        raise UnknownMacroError(name)

    return _MACRO.sub(expansion, sql)


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its dashboard's variables: ``:sqlstring`` quotes, all others do not."""

    def value(found: re.Match[str]) -> str:
        name, form = found[1] or found[3], found[2]
        if name not in values:
            return found[0]
        if form == "sqlstring":
            return "'" + values[name].replace("'", "''") + "'"
        return values[name]

    return _VARIABLE.sub(value, text)
