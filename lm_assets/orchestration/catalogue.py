"""The baseline catalogue as the assets of a run share it."""

from pathlib import Path

from lm_assets.gateways.baseline_file.behaviour import side_file
from lm_assets.gateways.baseline_file.file import content_digest, read_catalogue
from lm_assets.model.baseline import BaselineCatalogue

# One a file: five assets of a run want it, and to check a large one takes more than a second.
_held: dict[Path, tuple[tuple[str, str], BaselineCatalogue]] = {}


def current_catalogue(path: Path) -> BaselineCatalogue:
    """Return what the file holds at this moment; the same content is decoded once."""
    digests = content_digest(path), content_digest(side_file(path))
    held = _held.get(path)
    if held is None or held[0] != digests:
        held = _held[path] = digests, read_catalogue(path)
    return held[1]
