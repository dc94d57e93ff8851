"""The four dashboards as files."""

from grafana.building.executive import executive
from grafana.building.frame import document
from grafana.building.performance import performance
from grafana.building.regression import regression
from grafana.building.resource import resource


def documents() -> dict[str, str]:
    """Return the text of each dashboard by its file's name."""
    made = (executive(), performance(), resource(), regression())
    texts = [(board.build().uid, document(board)) for board in made]
    return {f"{uid}.json": text for uid, text in texts}
