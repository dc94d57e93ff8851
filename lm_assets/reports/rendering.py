"""The package's own templates, styles and scripts; nothing is read from anywhere else."""

import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from lm_assets.model.visible_text import visible_lines


def rendered(template: str, **values: object) -> str:
    """Return a template filled in; every value that is not marked safe is escaped and visible."""
    return _environment().get_template(template).render(values)


@cache
def packaged_text(name: str) -> str:
    """Return a style sheet or script that stands inside an HTML document."""
    text = _text(name)
    if "</s" in text.lower():
        raise ValueError(f"{name} must not hold the end of a style or script element")
    return text


@cache
def packaged_digest(*names: str) -> str:
    """Return what changes with any of these templates, styles and scripts."""
    return hashlib.sha256("".join(map(_text, names)).encode()).hexdigest()


def _text(name: str) -> str:
    return files("lm_assets.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lm_assets.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=_visible,
    )


def _visible(value: object) -> object:
    # What is marked safe is a type of its own, and was made by the package.
    return visible_lines(value) if type(value) is str else value
