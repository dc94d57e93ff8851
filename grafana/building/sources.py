"""The two data sources, and queries of them. "Now" is asked of Prometheus, history of Postgres."""

from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

# Fixed, and provisioned so: a file that is provisioned resolves no ${DS_…} of its own.
PROMETHEUS_UID = "lm-prometheus"
POSTGRES_UID = "lm-postgres"
POSTGRES_TYPE = "grafana-postgresql-datasource"
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${prometheus}")
POSTGRES = DataSourceRef(type_val=POSTGRES_TYPE, uid="${postgres}")


def promql(
    expression: str, *, legend: str = "", reference: str = "A", instant: bool = False
) -> prometheus.Dataquery:
    """Return a PromQL query; an instant one answers with its value now."""
    query = (
        prometheus.Dataquery()
        .datasource(PROMETHEUS)
        .ref_id(reference)
        .expr(expression)
        .legend_format(legend or "__auto")
    )
    return query.instant().format(PromQueryFormat.TIME_SERIES) if instant else query.range()


@dataclass(kw_only=True)
class SqlQuery(variants.Dataquery):
    """A query of Postgres, for which the SDK has no builder."""

    sql: str
    format: str
    reference: str = "A"
    datasource: DataSourceRef = field(default_factory=lambda: POSTGRES)

    def to_json(self) -> dict[str, Any]:
        """Return what Grafana's data source reads; ``query`` instead of ``rawSql`` is ignored."""
        return {
            "refId": self.reference,
            "datasource": self.datasource,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
        }


class _Built(cog.Builder[SqlQuery]):
    """What a panel takes: something that builds the query."""

    def __init__(self, query: SqlQuery) -> None:
        self._query = query

    def build(self) -> SqlQuery:
        return self._query


def sql_table(sql: str) -> _Built:
    """Return a query whose answer is a table."""
    return _Built(SqlQuery(sql=_one_line(sql), format="table"))


def sql_series(sql: str) -> _Built:
    """Return a query whose answer is a series for each column of numbers, over ``time``."""
    return _Built(SqlQuery(sql=_one_line(sql), format="time_series"))


def _one_line(sql: str) -> str:
    return "\n".join(line.strip() for line in sql.strip().splitlines())
