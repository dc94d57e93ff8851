"""What a load runner delivered of a campaign, beside the records that could be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What had landed of a campaign when its records were made.

    ``digest`` is of the keys and tags of its objects: a verdict is of exactly this content.
    ``unusable`` has, by combination (or folder that is none), why no run of it is usable although
    objects of it landed. ``faults`` say what is wrong with the campaign as a whole.
    ``quarantined`` counts what was refused, by rule. ``landed_at`` is when the last object came.
    """

    campaign: str
    digest: str = ""
    objects: int = 0
    is_complete: bool = False
    unusable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    quarantined: Mapping[str, int] = field(default_factory=dict)
    landed_at: datetime | None = None
