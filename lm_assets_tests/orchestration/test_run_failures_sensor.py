"""People are told of a failed run once, when it is not started again by itself."""

from collections.abc import Iterator

import dagster as dg
import pytest

from lm_assets.gateways.http.notifier import DeliveryError
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.sensors import run_failures
from lm_assets_tests.fakes.notifier import RecordingNotifier

pytestmark = pytest.mark.integration


@dg.op
def break_off() -> None:
    raise ValueError("the bucket is away")


@dg.job
def breaking_job() -> None:
    break_off()


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url) as opened:
        yield opened


@pytest.fixture
def slack() -> RecordingNotifier:
    return RecordingNotifier()


def evaluate(warehouse: Warehouse, slack: RecordingNotifier, **tags: str) -> object:
    with dg.DagsterInstance.ephemeral() as instance:
        failed = breaking_job.execute_in_process(
            instance=instance, raise_on_error=False, tags={"dagster/partition": "nightly-1"}
        )
        instance.add_run_tags(failed.run_id, {f"dagster/{name}": tags[name] for name in tags})
        run = instance.get_run_by_id(failed.run_id)
        assert run is not None
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failures",
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=failed.get_run_failure_event(),
            resources={"notifiers": (slack,), "warehouse": warehouse},
        )
        return run_failures(context.for_run_failure())


def test_a_run_that_is_not_started_again_is_told(warehouse, slack):
    assert evaluate(warehouse, slack, will_retry="false") is None
    assert "nightly-1" in str(slack.sent[0])


def test_a_run_that_was_never_to_be_started_again_is_told(warehouse, slack):
    evaluate(warehouse, slack)
    assert len(slack.sent) == 1


def test_a_run_that_is_started_again_is_not_told_yet(warehouse, slack):
    skipped = evaluate(warehouse, slack, will_retry="true")
    assert isinstance(skipped, dg.SkipReason)
    assert slack.sent == []


def test_a_channel_that_does_not_take_it_is_seen_in_the_tick(warehouse):
    with pytest.raises(DeliveryError, match="slack not delivered"):
        evaluate(warehouse, RecordingNotifier(failures=1))
