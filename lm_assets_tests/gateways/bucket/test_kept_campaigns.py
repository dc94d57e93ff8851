"""Which campaigns are kept, and which of them can still be judged anew."""

from datetime import UTC, datetime, timedelta

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import kept_campaigns, open_campaigns, results_since
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets_tests.builders import a_record, a_verdict
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

DAY = datetime(2026, 11, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


class TestOpenCampaigns:
    def stored(self, **landed_on_day: tuple[int, ...]) -> CampaignBucket:
        days = [0]
        store = InMemoryObjectStore(now=lambda: DAY + timedelta(days=days[-1]))
        bucket = CampaignBucket(store)
        for campaign, landed in landed_on_day.items():
            for day in landed:
                days.append(day)
                store.write(f"incoming/{campaign}/{day}.jsonl", b"")
            bucket.write_records(campaign, [a_record(campaign=campaign)])
        return bucket

    def test_are_those_with_records_the_newest_first(self):
        bucket = self.stored(first=(1,), second=(2,))
        bucket.store.write("incoming/no-records/1.jsonl", b"")
        assert open_campaigns(bucket, landed_since=DAY) == ["second", "first"]

    def test_are_none_of_which_anything_landed_so_long_ago_that_it_may_have_expired(self):
        bucket = self.stored(young=(9, 10), old=(1, 10))
        since = DAY + timedelta(days=5)
        assert open_campaigns(bucket, landed_since=since) == ["young"]

    def test_are_none_of_which_nothing_that_landed_is_left(self):
        bucket = self.stored(gone=(1,))
        bucket.store.delete("incoming/gone/1.jsonl")
        assert open_campaigns(bucket, landed_since=DAY) == []


class TestResultsSince:
    def judged(self, *, on_day: int, ended_on_day: int | None) -> CampaignBucket:
        bucket = CampaignBucket(InMemoryObjectStore(now=lambda: DAY + timedelta(days=on_day)))
        ended = None if ended_on_day is None else DAY + timedelta(days=ended_on_day)
        bucket.write_records("c", [a_record(campaign="c", started_at=None, ended_at=ended)])
        bucket.write_verdict_rows("c", verdict_rows(a_verdict(campaign="c")))
        return bucket

    def test_is_not_known_of_a_campaign_that_was_never_judged(self):
        assert results_since(CampaignBucket(InMemoryObjectStore()), "c") is None

    def test_is_when_its_runs_ended_however_often_it_is_judged_anew(self):
        bucket = self.judged(on_day=29, ended_on_day=0)
        assert results_since(bucket, "c") == DAY

    def test_is_that_of_the_campaign_that_asked_for_fresh_runs(self):
        assert results_since(self.judged(on_day=3, ended_on_day=1), "c-confirm") == DAY + ONE_DAY

    def test_is_when_it_was_judged_where_no_run_says_when_it_ended(self):
        bucket = self.judged(on_day=3, ended_on_day=None)
        assert results_since(bucket, "c") == DAY + timedelta(days=3)


def test_campaigns_are_kept_in_the_order_they_were_last_written():
    days = [0]
    bucket = CampaignBucket(InMemoryObjectStore(now=lambda: DAY + timedelta(days=days[-1])))
    for day, campaign in enumerate(("b", "c", "a", "b")):
        days.append(day)
        bucket.write_records(campaign, [a_record(campaign=campaign)])
    bucket.store.write("raw/%2e%2e/x.jsonl", b"")
    assert kept_campaigns(bucket) == ["c", "a", "b"]
