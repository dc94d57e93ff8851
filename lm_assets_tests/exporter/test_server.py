"""The exporter's server, asked over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from lm_assets.exporter.exposition import Exposition
from lm_assets.exporter.server import ExporterServer
from lm_assets_tests.exporter.standings import (
    NOW,
    CountingSource,
    a_standing,
    samples_of,
    shipped_settings,
)
from lm_assets_tests.fakes.clock import FixedClock


@contextmanager
def serving(source: CountingSource) -> Iterator[str]:
    """Serve a source for as long as the block lasts, and give the address."""
    made = Exposition(
        source, shipped_settings(), clock=FixedClock(NOW), limit=30_000, version="1.2.3"
    )
    with ExporterServer(made, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_metrics_are_the_same_compressed_and_plain(encoding):
    with serving(CountingSource(a_standing())) as address:
        answer = requests.get(
            f"{address}/metrics", headers={"Accept-Encoding": encoding}, timeout=10
        )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert ("Content-Encoding" in answer.headers) == (encoding == "gzip")
    assert len(samples_of(answer.content)) > 100


def test_the_page_leads_to_everything():
    with serving(CountingSource(a_standing())) as address:
        page = requests.get(address, timeout=10)
    assert page.status_code == 200
    assert {"/metrics", "/-/healthy", "/-/ready"} <= set(page.text.split('"'))


def test_an_outage_is_not_ready_but_healthy_and_still_answers_prometheus():
    source = CountingSource(a_standing())
    source.is_down = True
    with serving(source) as address:
        ready = requests.get(f"{address}/-/ready", timeout=10)
        healthy = requests.get(f"{address}/-/healthy", timeout=10)
        metrics = requests.get(f"{address}/metrics", timeout=10)
    assert ready.status_code == 503
    assert "Postgres did not do its work" in ready.text
    assert healthy.status_code == 200
    assert metrics.status_code == 200


def test_what_is_not_there_is_not_found():
    with serving(CountingSource(a_standing())) as address:
        assert requests.get(f"{address}/admin", timeout=10).status_code == 404
