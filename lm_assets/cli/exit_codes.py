"""What the exit codes of ``lm`` mean; scripts and CI depend on them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The promise made to callers."""

    OK = 0
    ERROR = 1
    REGRESSION = 2
    INCONCLUSIVE = 3
    DATA_FAULT = 4
    NOT_JUDGED = 5
