"""Errors say what a person needs, and survive the way back from a worker process."""

import copy
import pickle

import pytest

from lm_assets.model.errors import ConfigurationError, LmError, UnusableInputError

CONFIGURATION = ConfigurationError(file="matrix.yaml", path="$.id_format", rule="must name x")
UNUSABLE = UnusableInputError("not_json", "line 3 ends too early")


def test_a_configuration_error_names_the_file_the_path_and_the_rule() -> None:
    assert str(CONFIGURATION) == "matrix.yaml: $.id_format: must name x"


def test_unusable_input_names_the_rule_and_the_detail() -> None:
    assert str(UNUSABLE) == "not_json: line 3 ends too early"
    assert (UNUSABLE.rule, UNUSABLE.detail) == ("not_json", "line 3 ends too early")


@pytest.mark.parametrize(
    "error", [CONFIGURATION, UNUSABLE, LmError("x")], ids=lambda e: type(e).__name__
)
@pytest.mark.parametrize("again", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
def test_an_error_is_the_same_after_a_copy_and_a_pickle(error: LmError, again: object) -> None:
    copied = again(error)  # type: ignore[operator]
    assert type(copied) is type(error)
    assert str(copied) == str(error)
    assert vars(copied) == vars(error)
