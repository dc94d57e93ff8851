"""What decided each cell, told with what belongs to it; and why that is not what the rule says."""

from collections.abc import Mapping

import numpy as np

from lm_assets.model.deciding import DecidedOn, DecidingTest
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.comparison import changes, tests_of_cells
from lm_assets.regression.cells.figures import optional
from lm_assets.regression.cells.verdicts import VERDICTS
from lm_assets.regression.confirmation.fresh_runs import ConfirmedCell
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.regression.verdict.phrases import TEST_WORDS, p_phrase
from lm_assets.stats.validation import BoolArray

_WORSE = (Verdict.REGRESSED, Verdict.SUSPECTED)


def deciding_of_cells(judgement: Judgement) -> Mapping[int, dict[str, object]]:
    """Return test, change, interval, p and q of the test that decided each cell.

    They belong together: what is told beside them may be of another test or of another change.
    Fresh runs that decided a cell are told in place of the first ones, and so is a limit.
    """
    comparisons = judgement.judged
    change, low, high = changes(judgement.cells, comparisons)
    tests = tests_of_cells(comparisons)
    figures = zip(
        *(optional(of) for of in (change, low, high, comparisons.deciding_p, judgement.q)),
        strict=True,
    )
    shifted = {cell for shift in judgement.shifts for cell in shift.cells.tolist()}
    found: dict[int, dict[str, object]] = {}
    for cell, (of_change, of_low, of_high, p, q) in enumerate(figures):
        if p is not None:
            on = DecidedOn.BEYOND_SHIFT if cell in shifted else DecidedOn.CELL
            found[cell] = {
                "test": tests[cell],
                "on": on.value,
                "change": of_change,
                "change_ci95": None if of_low is None or of_high is None else [of_low, of_high],
                "p": p,
                "q": q,
            }
    decided_by = judgement.decisions.decided_by
    for cell, fresh in judgement.confirmed.items():
        if decided_by[cell] in ("confirmation", "trade_off"):
            found[cell] = _of_fresh_runs(fresh)
    for cell in np.flatnonzero(decided_by == "hard_limit").tolist():
        found[cell] = {"test": DecidingTest.LIMIT.value, "on": DecidedOn.CELL.value}
    return found


def differs_within_margin(judgement: Judgement, policy: StagePolicy) -> BoolArray:
    """Tell which cells are shown to lie within the margin, and surely differ all the same."""
    is_sure = np.nan_to_num(judgement.judged.deciding_p, nan=1.0) < policy.alpha
    if policy.multiplicity:
        is_sure &= np.nan_to_num(judgement.q, nan=1.0) <= policy.false_discovery_rate
    differs: BoolArray = is_sure & (judgement.decisions.decided_by == "equivalence")
    return differs


def disagreements(judgement: Judgement, policy: StagePolicy) -> Mapping[int, str]:
    """Return why the verdict is another than the plain rule's, in a sentence, where it is."""
    decisions = judgement.decisions
    is_worse = decisions.has(Verdict.REGRESSED)
    differs = np.where(judgement.plain_rule, ~is_worse, is_worse | decisions.has(Verdict.SUSPECTED))
    tests = tests_of_cells(judgement.judged)
    found = {}
    for cell in np.flatnonzero(differs).tolist():
        test = TEST_WORDS[DecidingTest(tests[cell])]
        if judgement.plain_rule[cell]:
            found[cell] = _though_the_rule_holds(judgement, cell, test, policy)
        else:
            found[cell] = _though_the_rule_does_not_hold(judgement, cell, test)
    return found


def _of_fresh_runs(fresh: ConfirmedCell) -> dict[str, object]:
    return {
        "test": fresh.test,
        "on": DecidedOn.FRESH_RUNS.value,
        "change": fresh.change,
        "change_ci95": None if fresh.change_ci95 is None else list(fresh.change_ci95),
        "p": fresh.p,
        "q": fresh.q,
    }


_WITHOUT_DOUBTFUL = "without a value that may be in another unit, the runs show a loss"


def _though_the_rule_does_not_hold(judgement: Judgement, cell: int, test: str) -> str:
    step = judgement.decisions.decided_by[cell]
    if step == "hard_limit":
        return "a run is above the metric's limit, whatever the comparison says"
    if step == "unit_suspect":
        return _WITHOUT_DOUBTFUL
    plain_p = p_phrase(float(judgement.comparisons.p[cell]))
    if step == "confirmation":
        return (
            f"the plain rule did not hold in the first runs (p {plain_p}); fresh runs, judged "
            "alone, decided"
        )
    p = p_phrase(float(judgement.comparisons.deciding_p[cell]))
    return (
        f"the plain rule does not hold (p {plain_p}); by the {test} alone (p {p}) a cell is "
        "suspected, and not regressed"
    )


def _though_the_rule_holds(judgement: Judgement, cell: int, test: str, policy: StagePolicy) -> str:
    confounded = judgement.confounded.get(cell)
    verdict = VERDICTS[judgement.decisions.code[cell]].value
    p, q = (p_phrase(float(of[cell])) for of in (judgement.judged.deciding_p, judgement.q))
    reasons = {
        "common_shift": "beyond what all cells share it is not past the threshold",
        "deciding_test": f"the {test} does not confirm it (p {p})",
        "multiplicity": f"among so many cells it may be chance (q {q})",
        "one_run": "without the run of most events it does not",
        "few_runs": (
            f"{judgement.cells.current.n[cell]} current runs are too few for a regression, which "
            f"takes {policy.regressed_minimum_current_runs}"
        ),
        "node": "it cannot be told from the node that its runs were on"
        + (f" ({confounded.node})" if confounded else ""),
        "environment": "its environment is another than the baseline's",
        "at_least": "a value is only a lower bound, and does not carry that",
        "unit_suspect": _WITHOUT_DOUBTFUL,
        "trade_off": "an exchange rate accepts the loss",
        "confirmation": f"fresh runs, judged alone, say {verdict}",
    }
    plain_p = p_phrase(float(judgement.comparisons.p[cell]))
    step = str(judgement.decisions.decided_by[cell])
    return f"the plain rule holds (p {plain_p}); {reasons[step]}"
