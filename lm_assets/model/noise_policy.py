"""What a judgement allows for beside run-to-run noise: positions, nodes, days, environments."""

from dataclasses import dataclass

from lm_assets.model.policy_checks import at_least, positive


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPositionPolicy:
    """When the effect of a run's position among the runs of its cell is taken off.

    A first, cold run of every cell is one cause. It is sought in at least ``minimum_cells`` cells
    of a metric, and taken off from ``minimum_relative`` (or ``minimum_points``) on.
    """

    minimum_cells: int = 20
    minimum_relative: float = 0.02
    minimum_points: float = 0.5

    def __post_init__(self) -> None:
        at_least("minimum_cells", self.minimum_cells, 3)
        positive("minimum_relative", self.minimum_relative)
        positive("minimum_points", self.minimum_points)


@dataclass(frozen=True, kw_only=True, slots=True)
class OverdispersionPolicy:
    """From how many cells of a metric on it is asked what they differ by beyond their noise.

    In fewer, half of which may really have changed, nodes and changes cannot be told apart.
    """

    minimum_cells: int = 30

    def __post_init__(self) -> None:
        at_least("minimum_cells", self.minimum_cells, 3)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodePolicy:
    """When a cell can be told from its node: with so many others of the same metric on it."""

    minimum_cells: int = 3

    def __post_init__(self) -> None:
        at_least("minimum_cells", self.minimum_cells, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentPolicy:
    """Which keys of the fingerprint may change without making cells incomparable."""

    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.ignored)) != len(self.ignored):
            raise ValueError(f"ignored must be distinct, got {list(self.ignored)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendPolicy:
    """The smallest step of a series, relative to the level before it, that is worth telling."""

    smallest_step_relative: float = 0.05

    def __post_init__(self) -> None:
        positive("smallest_step_relative", self.smallest_step_relative)
