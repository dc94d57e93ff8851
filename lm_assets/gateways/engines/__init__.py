"""Real engines inside a checkout: SeaweedFS and Postgres, started and stopped by a command."""

from lm_assets.gateways.engines.embedded import EmbeddedEngines
from lm_assets.gateways.engines.processes import EngineError

__all__ = ["EmbeddedEngines", "EngineError"]
