"""`lm serve` shows the combinations of the matrix as its file says them now."""

import json
from pathlib import Path

import pytest
import yaml

from lm_assets.cli.platform.followed_matrix import FollowedMatrix
from lm_assets.cli.platform.init import init
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices, ServiceStartError
from lm_assets_tests.fakes.http_server import Answer, Request, serving


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    dimensions = ["--dimension", "db=pg16,pg17", "--dimension", "query=q1,q2"]
    init.main([str(folder), *dimensions], standalone_mode=False)
    return folder / "matrix.yaml"


def with_queries(matrix: Path, *queries: str) -> None:
    content = yaml.safe_load(matrix.read_text(encoding="utf-8"))
    content["dimensions"]["query"] = list(queries)
    matrix.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def test_a_changed_matrix_is_loaded_once_and_told(matrix: Path) -> None:
    loads: list[int] = []
    followed = FollowedMatrix(matrix.parent, lambda: loads.append(1))
    assert followed.follow() is None
    with_queries(matrix, "q1", "q2", "q3")
    assert followed.follow() == "matrix.yaml has changed: 6 combinations are shown now"
    assert followed.follow() is None
    assert loads == [1]


def test_one_that_breaks_a_rule_is_told_and_not_loaded(matrix: Path) -> None:
    loads: list[int] = []
    followed = FollowedMatrix(matrix.parent, lambda: loads.append(1))
    matrix.write_text("dimensions: 3", encoding="utf-8")
    assert "is not taken over: " in (followed.follow() or "")
    assert loads == []


def test_what_dagster_cannot_load_is_told_and_ends_nothing(matrix: Path) -> None:
    def refused() -> None:
        raise ServiceStartError("the definitions were not loaded anew: a syntax error")

    followed = FollowedMatrix(matrix.parent, refused)
    with_queries(matrix, "q1")
    assert "a syntax error" in (followed.follow() or "")


LOADED = {"locationEntries": [{"locationOrLoadError": {}}]}
BROKEN = {"locationEntries": [{"locationOrLoadError": {"message": "no module"}}]}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(body=json.dumps({"data": {"reloadWorkspace": LOADED}}).encode()), None),
        (Answer(body=json.dumps({"data": {"reloadWorkspace": BROKEN}}).encode()), "no module"),
        (Answer(body=b'{"data": {"reloadWorkspace": {"message": "is busy"}}}'), "is busy"),
        (Answer(body=b'{"data": null}'), "NoneType"),
        (Answer(status=500), "500"),
    ],
    ids=["loaded", "broken", "refused", "no data", "server error"],
)
def test_the_web_server_is_asked_to_load_the_definitions_anew(
    tmp_path: Path, answer: Answer, reason: str | None
) -> None:
    asked: list[str] = []

    def answering(request: Request) -> Answer:
        asked.append(f"{request.method} {request.target}")
        return answer

    with serving(answering) as fake:
        services = DagsterServices(DagsterHome.prepare(tmp_path / "state"), {})
        if reason is None:
            services.reload_definitions(fake.url)
        else:
            with pytest.raises(ServiceStartError, match=reason):
                services.reload_definitions(fake.url)
    assert asked == ["POST /graphql"]
