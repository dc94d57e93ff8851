"""Baselines as decisions: what may enter, what may move, and the evidence for it."""

from lm_assets.regression.baselines.change import BaselineChange as BaselineChange
from lm_assets.regression.baselines.change import ChangePlan as ChangePlan
from lm_assets.regression.baselines.change import plan_change as plan_change
from lm_assets.regression.baselines.create import Refusal as Refusal
from lm_assets.regression.baselines.create import initial_entries as initial_entries
from lm_assets.regression.baselines.guards import Guard as Guard
from lm_assets.regression.baselines.request import ChangeRequest as ChangeRequest
