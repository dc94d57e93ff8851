"""From the plan that Spark logs to one that can be compared with another run's.

Generated ids, code-generation numbers, paths, literals and dates are taken out; wrappers of code
generation and of adaptive execution are no operators. A plan falls into fragments at its exchanges:
what lies between two runs as one stage.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from lm_assets.model.application_profile import FILES_READ, FILES_WRITTEN, ROWS_OUT, PlanNode

if TYPE_CHECKING:
    # The log's own package imports the profiler, which imports this.
    from lm_assets.collect.spark.event_log.sql_events import PlanInfo

_MOST_NODES = 400
_MOST_DETAIL_CHARACTERS = 160
# Spark cuts lists at 25 names; what goes on past this is an expression that nobody reads.
_MOST_TEXT_CHARACTERS = 4_000
# Deeper plans exist (loops that add a column), but nobody reads them; the rest is left out.
_MOST_DEPTH = 200

_WRAPPERS = re.compile(
    r"(WholeStageCodegen( \(\d+\))?|InputAdapter|AdaptiveSparkPlan|\w+QueryStage|CommandResult"
    r"|ResultQueryStage|Subquery)$"
)
# Operators that run the same work in another form: they do not make another stage.
_FORMS = frozenset({"AQEShuffleRead", "ColumnarToRow", "RowToColumnar", "CustomShuffleReader"})
_EXPRESSION_ID = re.compile(r"#\d+L?")
_ATTRIBUTE = re.compile(r"\b([A-Za-z_]\w*(?:\([^()#]*\))?)#")
# A literal is written without quotes, and is taken for a function where a bracket follows a word.
_FUNCTION = re.compile(r"\b([A-Za-z_]\w*)\(")
_NO_FUNCTIONS = frozenset({"InMemoryFileIndex"})
_PLAN_ID = re.compile(r",? ?\[?plan_id=\d+\]?")
_GENERATED = re.compile(r"\*\(\d+\) ?|@[0-9a-f]{4,}\b|,? ?\[id=#?\d*\]")
_LAMBDA = re.compile(r"\S*\$\$Lambda\S*")
_PATH = re.compile(r"InMemoryFileIndex\([^)]*\)\[[^\]]*\]|\b[a-z][a-z0-9]*:/[^\s,\])]+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_BATCH = re.compile(
    r"(?:<br/>|\s)*\bid = [0-9a-f-]{36}(?:<br/>|\s)+runId = [0-9a-f-]{36}(?:<br/>|\s)+batch = \w+"
)
_CODE_GENERATION = re.compile(r" \(\d+\)$")
_MOST_OPERATIONS = 40
_DIGITS = re.compile(r"\d+")
# Of an exchange's figures, those that count what the next stage reads.
_READ_SIDE = re.compile(r"(?:remote|local|corrupt|fetch wait|records read|merged)")
_FIGURES = {
    "number of output rows": ROWS_OUT,
    "number of files read": FILES_READ,
    "number of written files": FILES_WRITTEN,
}
_FORMAT, _BATCHED = "Format", "Batched"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparablePlan:
    """A plan's operators, and where its accumulators belong.

    ``fragment_of`` gives the fragment that adds to an accumulator; ``figure_of`` the operator's
    position and the name of those that are kept. ``operators`` are by fragment, and so are the
    ``functions`` that they call.
    """

    digest: str
    nodes: tuple[PlanNode, ...]
    fragment_of: Mapping[int, int]
    figure_of: Mapping[int, tuple[int, str]]
    keys: Mapping[int, str]
    operators: Mapping[int, tuple[str, ...]]
    functions: Mapping[int, frozenset[str]]


# Compared by identity: an operator that was read before is the same object.
@dataclass(eq=False, slots=True)
class _Operator:
    """An operator where it stands, its line of the plan's digest, its work and its functions."""

    node: PlanNode
    line: str
    work: str
    functions: frozenset[str]


class _Structure(NamedTuple):
    """What a plan has but for its accumulators."""

    digest: str
    nodes: tuple[PlanNode, ...]
    keys: dict[int, str]
    operators: dict[int, tuple[str, ...]]
    functions: dict[int, frozenset[str]]


@dataclass(slots=True)
class _Walk:
    operators: list[_Operator] = field(default_factory=list)
    fragment_of: dict[int, int] = field(default_factory=dict)
    figure_of: dict[int, tuple[int, str]] = field(default_factory=dict)
    fragments: int = 1


def comparable_plan(plan: "PlanInfo") -> ComparablePlan:
    """Return what can be compared of a plan."""
    walk = _Walk()
    _visit(plan, walk, depth=0, level=0, fragment=0)
    digest, nodes, keys, operators, functions = _structure(tuple(walk.operators))
    return ComparablePlan(
        digest=digest,
        nodes=nodes,
        fragment_of=walk.fragment_of,
        figure_of=walk.figure_of,
        keys=keys,
        operators=operators,
        functions=functions,
    )


# Every run of a query has the same plans.
@lru_cache(maxsize=256)
def _structure(operators: tuple[_Operator, ...]) -> _Structure:
    parts: dict[int, list[_Operator]] = {}
    for operator in operators:
        parts.setdefault(operator.node.fragment, []).append(operator)
    return _Structure(
        digest=digest_of(operator.line for operator in operators),
        nodes=tuple(operator.node for operator in operators),
        keys={
            part: digest_of(o.work for o in found if o.node.name not in _FORMS)
            for part, found in parts.items()
        },
        operators={part: tuple(o.node.name for o in found) for part, found in parts.items()},
        functions={
            part: frozenset[str]().union(*(o.functions for o in found))
            for part, found in parts.items()
        },
    )


class _Scope(msgspec.Struct):
    name: str = ""


_scope_decoder = msgspec.json.Decoder(_Scope)


def digest_of(lines: Iterable[str]) -> str:
    """Return a short digest of lines of text."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def functions_of(plan: ComparablePlan, fragments: Iterable[int]) -> tuple[str, ...]:
    """Return the functions that some fragments of a plan call."""
    called = (plan.functions.get(part, frozenset()) for part in fragments)
    return tuple(sorted(frozenset[str]().union(*called)))[:_MOST_OPERATIONS]


@lru_cache(maxsize=2048)
def call_site_without_place(text: str) -> str:
    """Return a call site or stage name without line numbers and folders, which change with edits.

    Examples
    --------
    >>> call_site_without_place("collect at /opt/jobs/report.py:123")
    'collect at report.py'

    Nor with the ids and the number of a streaming query's batch.

    >>> run = "0a1b2c3d-0000-4000-8000-0123456789ab"
    >>> call_site_without_place(f"clicks<br/>id = {run}<br/>runId = {run}<br/>batch = 17")
    'clicks micro-batch'
    """
    short = _BATCH.sub(" micro-batch", text).lstrip()
    short = re.sub(r"(?:[a-z][a-z0-9]*:)?/(?:[^\s/]+/)*", "", short)
    return re.sub(r":\d+\b", "", short)[:_MOST_DETAIL_CHARACTERS]


def operation_names(scopes: Iterable[str | None]) -> tuple[str, ...]:
    """Return the operations of a stage that belongs to no plan, of the JSON that names each.

    Examples
    --------
    >>> operation_names(['{"id":"7","name":"map"}', '{"name":"WholeStageCodegen (2)"}', None, "{"])
    ('map',)
    """
    names = set()
    for scope in scopes:
        try:
            name = _scope_decoder.decode(scope or "{}").name
        except (msgspec.MsgspecError, UnicodeEncodeError):
            continue
        if not _is_wrapper(name):
            names.add(_CODE_GENERATION.sub("", name).strip())
    return tuple(sorted(names - {""})[:_MOST_OPERATIONS])


def _visit(info: "PlanInfo", walk: _Walk, *, depth: int, level: int, fragment: int) -> None:
    if len(walk.operators) >= _MOST_NODES or level > _MOST_DEPTH:
        return
    is_exchange = "Exchange" in info.name
    below = fragment
    if is_exchange:
        below, walk.fragments = walk.fragments, walk.fragments + 1
    if _is_wrapper(info.name):
        below_depth = depth
    else:
        below_depth = depth + 1
        position = len(walk.operators)
        walk.operators.append(_operator(info, depth, below))
        for metric in info.metrics:
            if name := _FIGURES.get(metric.name):
                walk.figure_of.setdefault(metric.accumulator_id, (position, name))
    fragment_of = walk.fragment_of
    for metric in info.metrics:
        side = fragment if is_exchange and _READ_SIDE.match(metric.name) else below
        # A reused exchange repeats the plan of the one that ran: the first to have it keeps it.
        fragment_of.setdefault(metric.accumulator_id, side)
    if info.name.startswith("Reused"):
        return
    for child in info.children:
        _visit(child, walk, depth=below_depth, level=level + 1, fragment=below)


@lru_cache(maxsize=1024)
def _is_wrapper(name: str) -> bool:
    return _WRAPPERS.match(name) is not None


def _without_names_of_runs(text: str) -> str:
    """Return an operator's text without what is generated, where it lies and when it was."""
    # Looked for only where it can be: each of these costs more than the search for its mark.
    if "$$Lambda" in text:
        text = _LAMBDA.sub("", text)
    text = _GENERATED.sub("", text)
    if ":/" in text or "InMemoryFileIndex" in text:
        text = _PATH.sub("<path>", text)
    return _MOMENT.sub("<date>", text)


def _operator(info: "PlanInfo", depth: int, fragment: int) -> _Operator:
    """Return an operator of a plan, of which the same was mostly read before."""
    text, metadata = _without_ids(info.text[:_MOST_TEXT_CHARACTERS]), info.metadata
    said = (info.name, text, metadata.get(_FORMAT), metadata.get(_BATCHED))
    return _placed_operator(said, depth, fragment)


# An execution logs its plan again with each of its stages that ends.
@lru_cache(maxsize=1024)
def _without_ids(text: str) -> str:
    """Return an operator's text as it is in every run of a query: without its numbers."""
    text = _EXPRESSION_ID.sub("#", text)
    return _PLAN_ID.sub("", text) if "plan_id" in text else text


@lru_cache(maxsize=2048)
def _placed_operator(
    said: tuple[str, str, str | None, str | None], depth: int, fragment: int
) -> _Operator:
    detail, shape, work, functions = _read_operator(*said)
    node = PlanNode(
        depth=depth, name=said[0].strip(), detail=detail, shape=shape, fragment=fragment
    )
    return _Operator(node, f"{depth} {node.name} {shape}", work, functions)


@lru_cache(maxsize=2048)
def _read_operator(
    name: str, text: str, read_format: str | None, is_batched: str | None
) -> tuple[str, str, str, frozenset[str]]:
    """Return what an operator does, the digest that makes it the same in another run, its work.

    The functions that it calls are told apart: with others it is the same operator.
    A scan that reads in batches is another operator, and does the same work.
    """
    text = _without_names_of_runs(text)
    attributes = sorted({_DIGITS.sub("", found.strip()) for found in _ATTRIBUTE.findall(text)})
    detail = text.replace("#", "").strip()[:_MOST_DETAIL_CHARACTERS]
    kind = detail.split("(", 1)[0].removeprefix(name).strip() if "Exchange" in name else ""
    works_on = [kind, *([f"{_FORMAT}={read_format}"] if read_format else []), *attributes]
    shape = [*works_on, *([f"{_BATCHED}={is_batched}"] if is_batched else [])]
    functions = frozenset(_FUNCTION.findall(text)) - {name.strip()} - _NO_FUNCTIONS
    return detail, _short_digest(shape), f"{name.strip()} {_short_digest(works_on)}", functions


def _short_digest(facts: list[str]) -> str:
    return digest_of(facts)[:8] if any(facts) else ""
