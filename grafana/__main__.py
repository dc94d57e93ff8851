"""Writes the dashboards: python -m grafana. A test holds the files to what this builds."""

from pathlib import Path

from grafana.building.documents import documents

DASHBOARDS = Path(__file__).parent / "dashboards"


def main() -> None:
    """Write every dashboard."""
    for name, text in documents().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
