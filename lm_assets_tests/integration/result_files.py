"""Result files as a load runner writes them, for tests that land small campaigns."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.object_store.protocol import ObjectStore

STARTED = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def result_line(combination: str, run: int, duration_s: float, **fields: object) -> str:
    """Return one result line."""
    started = STARTED + timedelta(minutes=run)
    line = {
        "test_name": f"p1_{combination}",
        "run_id": f"run-{run}",
        "start_time": started.isoformat(),
        "end_time": (started + timedelta(seconds=duration_s)).isoformat(),
        "duration_sec": duration_s,
        "exit_code": 0,
        "rows_read": 1_000_000,
        **fields,
    }
    return json.dumps(line)


def land(
    store: ObjectStore,
    campaign: str,
    durations_s: Mapping[str, Iterable[float]],
    *,
    stage: str = "nightly",
    extra_lines: Mapping[str, Iterable[str]] | None = None,
) -> None:
    """Deliver a campaign: its manifest, one file a combination, ``_SUCCESS`` last."""
    manifest = {
        "campaign": campaign,
        "stage": stage,
        "created_at": STARTED.isoformat(),
        "subject": {"git_sha": "1a2b3c4"},
        "environment": {"cpu_model": "test"},
        "runs_per_combination": 5,
        "expected_combinations": sorted(durations_s),
    }
    store.write(object_keys.manifest_key(campaign), json.dumps(manifest).encode())
    for combination, durations in durations_s.items():
        lines = [result_line(combination, run, d) for run, d in enumerate(durations, start=1)]
        lines += (extra_lines or {}).get(combination, ())
        store.write(
            object_keys.result_key(campaign, combination), ("\n".join(lines) + "\n").encode()
        )
    store.write(object_keys.success_key(campaign), b"")
