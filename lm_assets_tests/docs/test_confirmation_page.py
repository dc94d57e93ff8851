"""The example of a request for fresh runs is what the platform writes."""

import json
import re
from typing import Any

import msgspec

from lm_assets.model.policy import ConfirmationPolicy, StagePolicy
from lm_assets.regression.confirmation.request import ConfirmationSubjects, confirmation_request
from lm_assets_tests.builders import CAMPAIGN, COMBINATION, a_baseline, a_subject
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.regression.small_campaigns import STEADY, judged

PAGE = PROJECT / "docs" / "confirmation.md"
POLICY = StagePolicy(confirmation=ConfirmationPolicy(is_requested=True, runs_per_side=2))
REST = {(f"c{at}", "duration_s"): STEADY for at in range(12)}


def rounded(value: Any) -> Any:
    """Four digits after the point are enough for a reader."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def written() -> Any:
    verdict = judged(
        {**REST, (COMBINATION, "duration_s"): (90, 110, 100, 105, 95)},
        {**REST, (COMBINATION, "duration_s"): (115, 150, 120, 140, 112)},
        policy=POLICY,
        campaign=CAMPAIGN,
        baseline_version="5f2c9e",
    )
    subjects = ConfirmationSubjects(
        current=a_subject(git_sha="1a2b3c4"), baseline={COMBINATION: a_baseline()}
    )
    request = confirmation_request(verdict, POLICY, subjects)
    return rounded(json.loads(msgspec.json.encode(request, order="sorted")))


def test_the_example_of_a_request_is_what_is_written():
    (example,) = re.findall(r"```json\n(\{.*?\n\})\n```", PAGE.read_text(), re.DOTALL)
    assert json.loads(example) == written()
