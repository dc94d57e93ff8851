"""deploy/compose.yaml as data: merged, with its variables filled in as Docker would."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from lm_assets_tests.conftest import PROJECT

DEPLOY = PROJECT / "deploy"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?:(?P<how>:[-?])(?P<text>[^}]*))?\}")


class UnsetVariableError(Exception):
    """A variable that must be set is not."""


@cache
def compose() -> dict[str, Any]:
    """The whole file, anchors resolved."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Return a value of the file with its variables filled in."""
    if isinstance(value, dict):
        return {name: filled(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, variables) for inner in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), value)
    return value


def variables_used() -> dict[str, bool]:
    """Every variable of the file, and whether it must be set."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = list(_VARIABLE.finditer(code))
    required = {each["name"] for each in found if each["how"] == ":?"}
    return {each["name"]: each["name"] in required for each in found}


def example_variables() -> dict[str, str]:
    """What deploy/.env.example sets, as name and default."""
    lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, how, text = found["name"], found["how"], found["text"]
    if given := variables.get(name):
        return given
    if how == ":-":
        return text
    raise UnsetVariableError(f"{name}: {text}")
