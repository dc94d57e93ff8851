"""The matrix that a running Dagster shows, kept to the file that says it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.errors import LmError


class FollowedMatrix:
    """Loads Dagster's definitions anew when ``matrix.yaml`` has changed.

    Runs read the configuration when they begin, whatever is shown; the partitions of combinations
    are made when the definitions are loaded.
    """

    def __init__(self, configuration: Path, reload: Callable[[], None]) -> None:
        self._configuration = configuration
        self._reload = reload
        self._followed = self._digest()

    def follow(self) -> str | None:
        """Return what there is to tell, once for every change; None where nothing changed."""
        found = self._digest()
        if found == self._followed:
            return None
        self._followed = found
        try:
            matrix = load_configuration(self._configuration).matrix
            self._reload()
        except LmError as error:
            return f"matrix.yaml has changed and is not taken over: {error}"
        return f"matrix.yaml has changed: {len(matrix.combinations)} combinations are shown now"

    def _digest(self) -> bytes:
        try:
            content = (self._configuration / "matrix.yaml").read_bytes()
        except OSError:
            content = b""
        return hashlib.sha256(content).digest()
