"""The configuration folder, read once and validated into the nouns of the model.

Every refusal names the file, the path inside it and the rule. Keys that nothing reads are refused:
a misspelt threshold must not silently leave the default in force.
"""

import dataclasses
import difflib
import errno
import re
import stat
import types
import typing
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

import lm_assets
from lm_assets.gateways.yaml_loader import StrictLoader
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import ConfigurationError
from lm_assets.model.metric import Metric, MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.retention import RetentionPolicy

T = TypeVar("T")

_TOO_DEEP = "the file is nested too deeply, or holds itself"
_NO_TEXT = "a text holds half a character (\\ud800 to \\udfff); write the character itself"

_PACKAGE = Path(lm_assets.__file__).parent
# A wheel carries it inside the package; in a checkout it is the project's own.
SHIPPED = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent
SHIPPED_CONFIGURATION = SHIPPED / "config"
MAX_FILE_BYTES = 4 * 2**20
_MAX_NODES = 200_000

BASELINES_FILE = Path("baselines") / "load-test-baselines.yaml"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything under ``config/``, validated.

    ``baselines_path`` is the version-controlled catalogue; it is read where it is needed, because
    it changes while the platform runs. ``collection`` is empty where there is no such file.
    """

    directory: Path
    matrix: Matrix
    metrics: MetricCatalogue
    regression: RegressionPolicy
    retention: RetentionPolicy
    collection: Mapping[str, Any]

    @property
    def baselines_path(self) -> Path:
        """Path of the baseline catalogue."""
        return self.directory / BASELINES_FILE


@dataclass(frozen=True, kw_only=True)
class _MetricsFile:
    metrics: tuple[Metric, ...]


def load_configuration(directory: Path) -> Configuration:
    """Return the validated configuration of a folder.

    Raises
    ------
    ConfigurationError
        Naming the file, the path inside it and the rule that is broken.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            file=str(directory),
            path="$",
            rule="the configuration folder does not exist; set LM_CONFIG_DIR or pass --config",
        )
    metrics_file = read_yaml_as(directory / "metrics.yaml", _MetricsFile)
    try:
        metrics = MetricCatalogue(metrics_file.metrics)
    except ValueError as error:
        file = str(directory / "metrics.yaml")
        raise ConfigurationError(file=file, path="$.metrics", rule=str(error)) from error
    regression_path = directory / "regression.yaml"
    regression = read_yaml_as(regression_path, RegressionPolicy)
    for where, name in _traded_metrics(regression):
        if name not in metrics:
            rule = f"{name!r} is no metric of metrics.yaml"
            raise ConfigurationError(file=str(regression_path), path=where, rule=rule)
    matrix = read_yaml_as(directory / "matrix.yaml", Matrix)
    for where, rule in _owned_nowhere(regression, matrix):
        raise ConfigurationError(file=str(regression_path), path=where, rule=rule)
    collection_path = directory / "collection.yaml"
    return Configuration(
        directory=directory,
        matrix=matrix,
        metrics=metrics,
        regression=regression,
        retention=read_yaml_as(directory / "retention.yaml", RetentionPolicy),
        collection=read_yaml(collection_path) if collection_path.exists() else {},
    )


@lru_cache(maxsize=1)
def shipped_metrics() -> MetricCatalogue:
    """Return the metrics of the configuration that lm-assets is shipped with."""
    path = SHIPPED_CONFIGURATION / "metrics.yaml"
    return MetricCatalogue(read_yaml_as(path, _MetricsFile).metrics)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, read safely; duplicate keys are refused."""
    try:
        content = _constructed(regular_file(path, most_bytes=MAX_FILE_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(file=str(path), path="$", rule="the file is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        rule = f"the file must be readable UTF-8: {error}"
        raise ConfigurationError(file=str(path), path="$", rule=rule) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(file=str(path), path="$", rule=str(error)) from error
    except RecursionError as error:
        raise ConfigurationError(file=str(path), path="$", rule=_TOO_DEEP) from error
    if not isinstance(content, dict):
        raise ConfigurationError(file=str(path), path="$", rule="the file must hold a mapping")
    return content


def regular_file(path: Path, *, most_bytes: int) -> bytes:
    """Return a file's content; a pipe or a device, which may never end, is not opened.

    Raises
    ------
    OSError
        Where it cannot be read, is no regular file, or is larger.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if found.st_size > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes} bytes")
    return path.read_bytes()


def _constructed(text: str) -> Any:
    """Return what a YAML text says; one that stands for far more than it is long is refused."""
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _expanded_nodes(node, {}) > _MAX_NODES:
            raise ValueError(f"anchors and aliases make more than {_MAX_NODES} values of it")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _expanded_nodes(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many nodes there are once every alias is what it stands for."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MAX_NODES + 1  # a node that holds itself never ends
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = 1 + sum(_expanded_nodes(part, known) for part in parts)
    return known[id(node)]


def read_yaml_as(path: Path, into: type[T]) -> T:
    """Return a YAML file as a dataclass; unknown keys and wrong values are refused by path."""
    content = read_yaml(path)
    try:
        for where, known in _unknown_keys(content, into, "$"):
            raise ConfigurationError(file=str(path), path=where, rule=_unknown(where, known))
        return msgspec.convert(content, into)
    except RecursionError as error:
        raise ConfigurationError(file=str(path), path="$", rule=_TOO_DEEP) from error
    except UnicodeEncodeError as error:
        raise ConfigurationError(file=str(path), path="$", rule=_NO_TEXT) from error
    except msgspec.ValidationError as error:
        rule, _, where = str(error).partition(" - at `")
        # "`$.a.b`", or "`key` in `$.a.b`" where a key is wrong.
        where = where.rstrip("`").rpartition("`")[2] or "$"
        where = _with_names(content, into, where)
        raise ConfigurationError(file=str(path), path=where, rule=rule) from error


def _owned_nowhere(policy: RegressionPolicy, matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Yield the places of owners that no combination can be at, with what is wrong there."""
    for stage, of_stage in policy.stages.items():
        for index, owner in enumerate(of_stage.alerts.owners):
            where = f"$.stages.{stage}.alerts.owners[{index}].where"
            for name, value in owner.where.items():
                values = matrix.dimensions.get(name, ())
                if not values:
                    yield where, f"{name!r} is none of the dimensions {list(matrix.dimensions)}"
                elif value not in values:
                    yield where, f"{value!r} is none of the values of {name}: {list(values)}"


def _traded_metrics(regression: RegressionPolicy) -> Iterator[tuple[str, str]]:
    for stage, policy in regression.stages.items():
        for index, rule in enumerate(policy.trade_offs):
            for side in ("worse", "better"):
                for name in getattr(rule, side):
                    yield f"$.stages.{stage}.trade_offs[{index}].{side}", name


def _unknown(where: str, known: Collection[str]) -> str:
    """Return the rule that an unknown key breaks, with the nearest key and all that there are."""
    near = difflib.get_close_matches(where.rpartition(".")[2], known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"the key is unknown{meant} (there are {', '.join(sorted(known))})"


def _unknown_keys(content: object, into: Any, where: str) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the path of each key that nothing reads, with the keys that would be read there."""
    origin, arguments = typing.get_origin(into), typing.get_args(into)
    if dataclasses.is_dataclass(into) and isinstance(content, dict):
        hints = typing.get_type_hints(into)
        known = {f.name for f in dataclasses.fields(into) if f.init}
        for key, value in content.items():
            if key not in known:
                yield f"{where}.{key}", known
            else:
                yield from _unknown_keys(value, hints[key], f"{where}.{key}")
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from _unknown_keys(content, argument, where)
    elif isinstance(content, list) and arguments:
        for index, value in enumerate(content):
            yield from _unknown_keys(value, arguments[0], f"{where}[{index}]")
    elif isinstance(content, dict) and len(arguments) == 2:
        for key, value in content.items():
            yield from _unknown_keys(value, arguments[1], f"{where}.{key}")


def _with_names(content: object, into: Any, where: str) -> str:
    """Return a path with the key or the place in a list for each ``[...]`` that stands in it."""
    if "[...]" not in where:
        return where
    named, inner, value = "$", into, content
    for name, place in re.findall(r"\.([^.\[]+)|\[(\.\.\.|[0-9]+)\]", where):
        if name:
            inner = typing.get_type_hints(_dataclass_of(inner)).get(name)
            value = value.get(name) if isinstance(value, dict) else None
            named = f"{named}.{name}"
            continue
        item_type = _item_type(inner)
        found = _item(value, int(place)) if place != "..." else _first_refused(value, item_type)
        if found is None:
            return where
        key, value = found
        inner = item_type
        named += f"[{key}]" if isinstance(key, int) else f".{key}"
    return named


def _item(value: object, place: int) -> tuple[Hashable, object] | None:
    is_there = isinstance(value, list) and place < len(value)
    return (place, value[place]) if is_there else None  # type: ignore[index]  # a list, then


def _dataclass_of(into: Any) -> Any:
    """Return the dataclass in a hint such as ``Policy | None``."""
    options = (into, *typing.get_args(into))
    return next((option for option in options if dataclasses.is_dataclass(option)), object)


def _item_type(of: Any) -> Any:
    """Return the type of a collection's items, of a mapping's values."""
    arguments = [a for a in typing.get_args(of) if a not in (Ellipsis, type(None))]
    return arguments[-1] if arguments else Any


def _first_refused(value: object, item_type: Any) -> tuple[Hashable, object] | None:
    """Return the first item that is not of its type, with its key."""
    if not isinstance(value, dict | list):
        return None
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        try:
            msgspec.convert(item, item_type)
        except msgspec.ValidationError:
            return key, item
    return None
