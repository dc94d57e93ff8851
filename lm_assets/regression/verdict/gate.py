"""The campaign's own verdict, and the exit code that it means to scripts and CI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import BEHAVIOUR_CHANGED, Finding, Verdict
from lm_assets.regression.verdict.coverage import TierGap

# Also in lm_assets.cli.exit_codes, which this layer does not know: the numbers are a contract.
EXIT_OK, EXIT_REGRESSION, EXIT_UNDECIDED, EXIT_DATA_FAULT = 0, 2, 3, 4

_UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT_DATA, Verdict.NO_BASELINE)
_GRAVITY = (
    Verdict.REGRESSED,
    Verdict.DATA_FAULT,
    Verdict.SUSPECTED,
    Verdict.CONFOUNDED,
    Verdict.NOT_COMPARABLE,
    Verdict.NOT_RUN,
    Verdict.SOURCE_CHANGED,
    *_UNDECIDED,
    Verdict.ACCEPTED_TRADEOFF,
    Verdict.IMPROVED,
    Verdict.UNCHANGED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GateOutcome:
    """The campaign's verdict, its exit code, and why, in sentences."""

    verdict: Verdict
    exit_code: int
    notes: tuple[str, ...]


def campaign_outcome(
    counts: Mapping[str, int],
    findings: Sequence[Finding],
    gaps: Sequence[TierGap],
    policy: GatePolicy,
    *,
    unfit: Sequence[str] = (),
) -> GateOutcome:
    """Return the verdict of the campaign.

    A campaign that is ``unfit`` or not covered is a data fault whatever its cells say. Otherwise
    the gravest verdict that is present decides; undecided cells are present when they are more
    than the policy allows, and nothing at all to judge is never a pass.
    """
    if gaps or unfit:
        notes = (*unfit, *(gap.message for gap in gaps))
        return GateOutcome(verdict=Verdict.DATA_FAULT, exit_code=EXIT_DATA_FAULT, notes=notes)
    total = sum(counts.values())
    if total == 0:
        notes = ("nothing was judged: there is no cell with a judged metric",)
        return GateOutcome(verdict=Verdict.DATA_FAULT, exit_code=EXIT_DATA_FAULT, notes=notes)
    present = {Verdict(name) for name, n in counts.items() if n} | {f.severity for f in findings}
    undecided = sum(counts.get(verdict, 0) for verdict in _UNDECIDED)
    notes = ()
    if undecided < total and undecided <= policy.allowed_undecided_share * total:
        if undecided:
            notes = (f"{undecided} of {total} cells are undecided, which the policy allows",)
        present -= set(_UNDECIDED) - {f.severity for f in findings}
    else:
        notes = (f"{undecided} of {total} cells are undecided",)
    codes = {_exit_code(verdict, policy) for verdict in present}
    if warning := _behaviour_warning(findings, policy):
        notes = (*notes, warning)
        codes.add(EXIT_UNDECIDED)
    return GateOutcome(
        verdict=min(present, key=_GRAVITY.index, default=Verdict.UNCHANGED),
        exit_code=_gravest(codes),
        notes=notes,
    )


def _behaviour_warning(findings: Sequence[Finding], policy: GatePolicy) -> str:
    changed = {c for f in findings if f.kind == BEHAVIOUR_CHANGED for c in f.combinations}
    if not changed or policy.behaviour_change != "warns":
        return ""
    return f"behaviour changed in {len(changed)} combinations, of which the policy warns"


def _exit_code(verdict: Verdict, policy: GatePolicy) -> int:
    if verdict in policy.blocks:
        return EXIT_DATA_FAULT if verdict is Verdict.DATA_FAULT else EXIT_REGRESSION
    return EXIT_UNDECIDED if verdict in policy.warns else EXIT_OK


def _gravest(codes: set[int]) -> int:
    return next(
        (code for code in (EXIT_REGRESSION, EXIT_DATA_FAULT, EXIT_UNDECIDED) if code in codes),
        EXIT_OK,
    )
