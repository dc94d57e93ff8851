"""Where a value came from, as one text: its source, how it is known, and what must be said of it.

``event log``, ``result line: duration_sec``, ``prometheus (of limits; samples in 40 % of the
window)``, ``pods.json (at least; the reasons of 2 earlier restarts are not in a snapshot)``.
"""

import re

AT_LEAST = "at least"
UNKNOWN_SOURCE = ""

_HEAD = re.compile(r"([^:(]*?)(?:: [^(]*)?(?: \((.*)\))?", re.DOTALL)
# A share of limits and a share of requests are shares of different things.
_DENOMINATOR = "of "


def provenance_text(source: str, *remarks: str, at_least: bool = False) -> str:
    """Return a value's source with its remarks, each once; a lower bound says so first.

    Examples
    --------
    >>> provenance_text("event log", "3 lines could not be read", at_least=True)
    'event log (at least; 3 lines could not be read)'
    """
    said = dict.fromkeys((AT_LEAST if at_least else "", *remarks))
    joined = "; ".join(text for text in said if text)
    return f"{source} ({joined})" if joined else source


def with_remarks(provenance: str, *remarks: str, at_least: bool = False) -> str:
    """Return a provenance with more to say; what it says already is kept."""
    match = _HEAD.fullmatch(provenance)
    known = (match[2] or "").split("; ") if match else []
    head = provenance.partition(" (")[0] if known != [""] else provenance
    is_bound = at_least or AT_LEAST in known
    kept = [text for text in known if text != AT_LEAST]
    return provenance_text(head, *kept, *remarks, at_least=is_bound)


def source_of(provenance: str) -> str:
    """Return what measured a value, without the field it was read from and the remarks.

    What a share is of belongs to the source: shares of limits and of requests do not compare.

    Examples
    --------
    >>> source_of("result line: duration_sec"), source_of("prometheus (of requests; partial)")
    ('result line', 'prometheus of requests')
    """
    match = _HEAD.fullmatch(provenance)
    if match is None:
        return provenance
    remarks = (match[2] or "").split("; ")
    denominator = next((text for text in remarks if text.startswith(_DENOMINATOR)), "")
    return f"{match[1].strip()} {denominator}".strip()


def lower_bound_of(source: str) -> str:
    """Return what lower bounds by a source are called beside its whole values.

    Examples
    --------
    >>> lower_bound_of("event log")
    'event log at least'
    """
    return f"{source} {AT_LEAST}".strip()


def is_lower_bound(source: str) -> bool:
    """Whether a source's name is what its lower bounds are called."""
    return f" {source}".endswith(f" {AT_LEAST}")


def is_at_least(provenance: str) -> bool:
    """Whether a value is known to be a lower bound only."""
    match = _HEAD.fullmatch(provenance)
    return match is not None and AT_LEAST in (match[2] or "").split("; ")
