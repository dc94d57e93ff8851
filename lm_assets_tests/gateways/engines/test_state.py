"""What a start wrote down is read back, or refused with the file and what to do."""

import pytest

from lm_assets.gateways.engines.processes import EngineError
from lm_assets.gateways.engines.state import StateFolder


def test_what_a_start_wrote_down_is_read_back(tmp_path):
    state = StateFolder(tmp_path)
    assert state.running == {}
    facts = {
        "processes": {"s3": {"pid": 7, "started": "12"}},
        "ports": [15_001, 15_002],
        "environment": {"LM_S3_BUCKET": "b"},
    }
    state.record_running(facts)
    assert state.running == facts
    assert state.secret("a") == state.secret("a") != state.secret("b")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"processes": 5}',
        b'{"processes": {"s3": {"pid": -1, "started": "1"}}}',
        b'{"processes": {"s3": {"pid": 1}}}',
        b'{"processes": {"init": {"pid": 1, "started": "1"}}}',
        b'{"ports": "abc"}',
        b'{"ports": [99999999999]}',
        b'{"environment": {"LM_S3_ENDPOINT": 3}}',
    ],
    ids=range(12),
)
def test_an_odd_file_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / "engines.json").write_bytes(content)
    with pytest.raises(EngineError, match=r"engines\.json is not what a start wrote .* remove it"):
        _ = StateFolder(tmp_path).running
    (tmp_path / "secrets.json").write_bytes(b'{"a": 5}')
    with pytest.raises(EngineError, match=r"secrets\.json is not what a start wrote"):
        StateFolder(tmp_path).secret("a")
