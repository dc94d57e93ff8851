"""The configuration folder, read once and validated into the nouns of the model.

Every refusal names the file, the path inside it and the rule. Keys that nothing reads are refused:
a misspelt threshold must not silently leave the default in force.
"""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from lm_assets.model.combination import Matrix
from lm_assets.model.errors import ConfigurationError
from lm_assets.model.metric import Metric, MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.retention import RetentionPolicy

T = TypeVar("T")

BASELINES_FILE = Path("baselines") / "load-test-baselines.yaml"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything under ``config/``, validated.

    ``baselines_path`` is the version-controlled catalogue; it is read where it is needed, because
    it changes while the platform runs.
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
    return Configuration(
        directory=directory,
        matrix=read_yaml_as(directory / "matrix.yaml", Matrix),
        metrics=metrics,
        regression=read_yaml_as(directory / "regression.yaml", RegressionPolicy),
        retention=read_yaml_as(directory / "retention.yaml", RetentionPolicy),
        collection=read_yaml(directory / "collection.yaml"),
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, read safely; duplicate keys are refused."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(file=str(path), path="$", rule="the file is missing") from None
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigurationError(file=str(path), path="$", rule=str(error)) from error
    if not isinstance(content, dict):
        raise ConfigurationError(file=str(path), path="$", rule="the file must hold a mapping")
    return content


def read_yaml_as(path: Path, into: type[T]) -> T:
    """Return a YAML file as a dataclass; unknown keys and wrong values are refused by path."""
    content = read_yaml(path)
    for where in _unknown_keys(content, into, "$"):
        raise ConfigurationError(file=str(path), path=where, rule="the key is unknown")
    try:
        return msgspec.convert(content, into)
    except msgspec.ValidationError as error:
        rule, _, where = str(error).partition(" - at ")
        where = where.strip("`") or "$"
        raise ConfigurationError(file=str(path), path=where, rule=rule) from error


def _unknown_keys(content: object, into: Any, where: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(into), typing.get_args(into)
    if dataclasses.is_dataclass(into) and isinstance(content, dict):
        hints = typing.get_type_hints(into)
        known = {f.name for f in dataclasses.fields(into) if f.init}
        for key, value in content.items():
            if key not in known:
                yield f"{where}.{key}"
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


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
