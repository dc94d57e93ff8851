"""Addresses that people follow: reports, pages in Dagster, applications in the History Server."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

REPORTS_VARIABLE = "LM_REPORTS_URL"
DAGSTER_VARIABLE = "LM_DAGSTER_URL"
HISTORY_SERVER_VARIABLE = "LM_HISTORY_SERVER_URL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where reports, Dagster and the History Server are reached; empty where nobody has said.

    ``reports`` is what stands before ``<campaign>/<name>``, as in the bucket under ``reports/``.
    """

    reports: str = ""
    dagster: str = ""
    history_server: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Addresses":
        """Return the addresses that the variables name.

        Those of reports and Dagster are there to be shown. That of the History Server is there to
        be asked, and is shown only where it can hold no secret.
        """
        reports, dagster, history_server = (
            environment.get(name, "").strip().rstrip("/")
            for name in (REPORTS_VARIABLE, DAGSTER_VARIABLE, HISTORY_SERVER_VARIABLE)
        )
        return cls(
            reports=reports, dagster=dagster, history_server=_without_secrets(history_server)
        )

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

    def application(self, application: str) -> str:
        """Return the address of a Spark application's page; empty where it is not known."""
        if not (self.history_server and application):
            return ""
        return f"{self.history_server}/history/{quote(application, safe='')}/"


def _without_secrets(address: str) -> str:
    """Return an address that people may be shown: a web page, without a password or a token."""
    try:
        parts = urlsplit(address)
        is_open = parts.scheme in ("http", "https") and not parts.username and not parts.query
    except ValueError:
        return ""
    return address if is_open else ""
