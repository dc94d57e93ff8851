"""Whatever a reader is given, it reads it or refuses it by name; nothing else comes out of it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.cli.samples.samples_file import read_samples
from lm_assets.cli.samples.series_file import read_series
from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.bucket.object_keys import campaign_of, parse_incoming_key, quarantine_stem
from lm_assets.gateways.configuration import read_yaml, read_yaml_as
from lm_assets.gateways.server_url import server_url
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import ConfigurationError, UnusableInputError
from lm_assets.model.policy import RegressionPolicy
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fuzz.effort import inputs
from lm_assets_tests.fuzz.hostile import TEXTS, as_json, mutated, spoiled

CONFIG = PROJECT / "config"
MATRIX = (CONFIG / "matrix.yaml").read_bytes()
POLICY = yaml.safe_load((CONFIG / "regression.yaml").read_bytes())
SAMPLE = b'{"combination": "a", "metric": "duration_s", "run": "1", "value": 1.5}\n'
CATALOGUE = b"""schema_version: 1
combinations:
  a:
    status: active
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lm-test-") as name:
        yield Path(name)


def refusal(read: Callable[[], object]) -> str:
    """Return the refusal's words, none where it was read; anything else that is raised fails."""
    try:
        read()
    except (ConfigurationError, UnusableInputError) as error:
        return str(error)
    return ""


@inputs(200)
@given(content=mutated(MATRIX))
def test_a_matrix_of_any_bytes(folder: Path, content: bytes) -> None:
    path = folder / "matrix.yaml"
    path.write_bytes(content)
    assert len(refusal(lambda: read_yaml_as(path, Matrix))) < 2_500


@inputs(60)
@given(content=spoiled(POLICY))
def test_a_policy_of_any_values(folder: Path, content: Any) -> None:
    path = folder / "regression.yaml"
    path.write_bytes(as_json(content))
    said = refusal(lambda: read_yaml_as(path, RegressionPolicy))
    assert not said or str(path) in said


@inputs(150)
@given(content=mutated(CATALOGUE))
def test_baselines_of_any_bytes(folder: Path, content: bytes) -> None:
    path = folder / "baselines.yaml"
    path.write_bytes(content)
    said = refusal(lambda: read_catalogue(path))
    assert not said or str(path) in said


@inputs(250)
@given(content=st.one_of(mutated(SAMPLE * 3), mutated(b"a,value\n1,2\n3,4\n"), mutated(b"[1, 2]")))
def test_files_of_the_commands_of_any_bytes(folder: Path, content: bytes) -> None:
    path = folder / "samples"
    path.write_bytes(content)
    plain = refusal(lambda: read_series(path, combination=None, metric=None))
    column = refusal(lambda: read_series(path, column="value", combination=None, metric=None))
    samples = refusal(lambda: read_samples(path))
    assert max(len(plain), len(column), len(samples)) < 1_200


@inputs(500)
@given(parts=st.lists(TEXTS, max_size=5))
def test_keys_of_any_characters(parts: list[str]) -> None:
    key = "incoming/" + "/".join(parts)
    campaign = campaign_of(key)
    try:
        parse_incoming_key(key)
    except UnusableInputError:
        pass
    else:
        assert campaign is not None
    stem = quarantine_stem(campaign, key)
    assert ".." not in stem
    assert stem.isascii()


@inputs(300)
@given(
    scheme=st.sampled_from(["http://", "https://", "ftp://", ""]),
    user=st.text(max_size=8),
    host=st.one_of(TEXTS, st.sampled_from(["h", "h:1", "h:abc", "[::1]:9", "127.0.0.1:99999"])),
)
def test_addresses_never_show_what_may_be_secret(scheme: str, user: str, host: str) -> None:
    secret = "S3CRET"
    shown: list[str] = []

    def read() -> None:
        found = server_url(f"{scheme}{user}:{secret}@{host}/{secret}", variable="LM_X_URL")
        shown.append(found.shown + repr(found))

    assert secret not in refusal(read) + "".join(shown)


def test_aliases_that_stand_for_far_more_than_they_are_long_are_refused(folder: Path) -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], y: *a{n - 1}}}" for n in range(1, 60)]
    path = folder / "bomb.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigurationError, match="anchors and aliases make more than"):
        read_yaml(path)


def test_a_selector_longer_than_its_dimension_is_refused_at_once(folder: Path) -> None:
    text = yaml.safe_load(MATRIX)
    text["priorities"] = {"p0": [{"mode": [str(n) for n in range(5_000)]}]}
    path = folder / "matrix.yaml"
    path.write_text(yaml.safe_dump(text))
    with pytest.raises(ConfigurationError, match="lists 5000 values of mode"):
        read_yaml_as(path, Matrix)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    path = folder / "pipe.yaml"
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="no regular file"):
        read_yaml(path)
    with pytest.raises(ConfigurationError, match="no regular file"):
        read_catalogue(path)
    with pytest.raises(UnusableInputError, match="no regular file"):
        read_series(path, combination=None, metric=None)
