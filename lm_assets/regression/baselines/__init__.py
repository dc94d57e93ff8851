"""Baselines as decisions: what may enter, what may move, and the evidence for it."""

from lm_assets.regression.baselines.create import Refusal as Refusal
from lm_assets.regression.baselines.create import initial_entries as initial_entries
