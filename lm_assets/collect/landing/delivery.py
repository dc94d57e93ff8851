"""What landed of a campaign as a whole: its digest, and what of it no run came from."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from lm_assets.collect.landing.landed_objects import LandedObject
from lm_assets.gateways.bucket.object_keys import incoming_prefix, manifest_key
from lm_assets.model.combination import Matrix
from lm_assets.model.delivery import Delivery
from lm_assets.model.errors import UnknownCombinationError
from lm_assets.model.record import QuarantinedLine, RunRecord

_MOST_REASONS = 3
_MOST_REASON_CHARACTERS = 300


def delivery_digest(landed: Iterable[LandedObject]) -> str:
    """Return the digest of a campaign's objects: keys, tags, sizes and times, in key order.

    A tag alone is not enough: some stores give none, or one and the same for other content.
    """
    digest = hashlib.sha256()
    for item in sorted(landed, key=lambda found: found.key):
        written = item.last_modified.isoformat()
        said = f"{len(item.etag)}:{item.etag}{item.size}:{written}"
        digest.update(f"{len(item.key)}:{item.key}{said}".encode())
    return digest.hexdigest()


def campaign_delivery(
    campaign: str,
    landed: Sequence[LandedObject],
    *,
    is_complete: bool,
    matrix: Matrix,
    records: Iterable[RunRecord],
    quarantined: Sequence[QuarantinedLine],
) -> Delivery:
    """Return what landed of a campaign, and what of it became no record.

    A combination of which anything landed and no run is usable is named with the reasons, and so
    is a folder that is no combination: what was delivered under a wrong name is not nothing.
    """
    kept = list(records)
    usable = {record.combination for record in kept}
    folders = {_folder(campaign, item.key) for item in landed} - {""}
    reasons = _reasons_by_folder(campaign, quarantined)
    unusable: dict[str, tuple[str, ...]] = {}
    for folder in sorted(folders):
        name = _combination(folder, matrix)
        if name not in usable:
            said = reasons.get(folder, ("no result line landed",))
            unusable[name] = (*unusable.get(name, ()), *said)
    return Delivery(
        campaign=campaign,
        digest=delivery_digest(landed),
        objects=len(landed),
        is_complete=is_complete,
        unusable=unusable,
        faults=tuple(_faults(campaign, quarantined, {r.source_object.key for r in kept})),
        quarantined=dict(sorted(Counter(line.rule for line in quarantined).items())),
        landed_at=max((item.last_modified for item in landed), default=None),
    )


def first_reasons(quarantined: Sequence[QuarantinedLine], *, most: int = _MOST_REASONS) -> str:
    """Return the most frequent rules that were broken, each with an example, in one line."""
    return "; ".join(_reasons(quarantined, most))


def _reasons(quarantined: Sequence[QuarantinedLine], most: int) -> tuple[str, ...]:
    by_rule: dict[str, list[QuarantinedLine]] = {}
    for line in quarantined:
        by_rule.setdefault(line.rule, []).append(line)
    ranked = sorted(by_rule.items(), key=lambda item: (-len(item[1]), item[0]))
    said = [f"{len(lines)} × {rule}: {_example(lines[0])}" for rule, lines in ranked[:most]]
    if len(ranked) > most:
        rest = sum(len(lines) for _, lines in ranked[most:])
        said.append(f"and {rest} more by {len(ranked) - most} other rules")
    return tuple(said)


def _example(line: QuarantinedLine) -> str:
    where = line.key if line.line is None else f"{line.key} line {line.line}"
    detail = line.detail
    if len(detail) > _MOST_REASON_CHARACTERS:
        detail = f"{detail[:_MOST_REASON_CHARACTERS]}…"
    return f"{detail} ({where})"


def _reasons_by_folder(
    campaign: str, quarantined: Iterable[QuarantinedLine]
) -> Mapping[str, tuple[str, ...]]:
    by_folder: dict[str, list[QuarantinedLine]] = {}
    for line in quarantined:
        by_folder.setdefault(_folder(campaign, line.key), []).append(line)
    return {folder: _reasons(lines, _MOST_REASONS) for folder, lines in by_folder.items()}


def _folder(campaign: str, key: str) -> str:
    """Return the folder of a campaign's object; empty for one that lies in none."""
    folder, slash, _ = key.removeprefix(incoming_prefix(campaign)).partition("/")
    return folder if slash else ""


def _combination(folder: str, matrix: Matrix) -> str:
    try:
        return matrix.resolve(folder).id
    except UnknownCombinationError:
        return folder


def _faults(campaign: str, quarantined: Sequence[QuarantinedLine], used: Set[str]) -> Iterator[str]:
    """Yield what no combination can be named for: the manifest, and files that lie in no folder."""
    loose: dict[str, list[QuarantinedLine]] = {}
    for line in quarantined:
        if line.key == manifest_key(campaign):
            yield f"manifest.json was refused: {line.detail}"
        elif not _folder(campaign, line.key) and line.key.endswith(".jsonl"):
            loose.setdefault(line.key, []).append(line)
    for key in sorted(loose.keys() - used):
        yield f"no line of {key} is usable: {first_reasons(loose[key])}"
