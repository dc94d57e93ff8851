"""Addresses that people follow: a campaign's reports and its page in Dagster."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

REPORTS_VARIABLE = "LM_REPORTS_URL"
DAGSTER_VARIABLE = "LM_DAGSTER_URL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where reports and the web page of Dagster are reached; empty where nobody has said.

    ``reports`` is what stands before ``<campaign>/<name>``, as in the bucket under ``reports/``.
    """

    reports: str = ""
    dagster: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Addresses":
        """Return the addresses that ``LM_REPORTS_URL`` and ``LM_DAGSTER_URL`` name."""
        reports, dagster = (
            environment.get(name, "").strip().rstrip("/")
            for name in (REPORTS_VARIABLE, DAGSTER_VARIABLE)
        )
        return cls(reports=reports, dagster=dagster)

    def report(self, campaign: str, name: str) -> str:
        """Return the address of one of a campaign's reports; empty where it is not known."""
        return f"{self.reports}/{quote(campaign)}/{quote(name)}" if self.reports else ""

    def index(self) -> str:
        """Return the address of the index over campaigns; empty where it is not known."""
        return f"{self.reports}/index.html" if self.reports else ""

    def campaign(self, campaign: str) -> str:
        """Return the address of a campaign's verdict in Dagster; empty where it is not known."""
        if not self.dagster:
            return ""
        page = f"{self.dagster}/assets/regression_verdicts?view=partitions"
        return f"{page}&partition={quote(campaign)}"

    def run(self, run_id: str) -> str:
        """Return the address of a run in Dagster; empty where it is not known."""
        return f"{self.dagster}/runs/{quote(run_id)}" if self.dagster else ""
