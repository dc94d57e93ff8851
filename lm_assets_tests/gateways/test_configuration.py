"""The configuration folder: refusals name the file, the path inside it and the rule."""

import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.configuration import (
    Configuration,
    load_configuration,
    read_yaml,
    read_yaml_as,
)
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import ConfigurationError
from lm_assets.model.metric import Direction, Scale, Tier
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.retention import RetentionPolicy

SHIPPED = Path(__file__).parents[2] / "config"
FILES = ("matrix.yaml", "metrics.yaml", "regression.yaml", "retention.yaml")


EFFICIENCY = (
    "cpu_usage_pct gpu_usage_pct memory_usage_pct shuffle_spill_pct gc_time_pct cpu_core_seconds "
    "memory_gib_seconds"
)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    """The shipped configuration."""
    return load_configuration(SHIPPED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that a test may break."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(dedent(content), encoding="utf-8")
    return path


def refusal(folder: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(folder)
    return caught.value


class TestShippedConfiguration:
    def test_has_the_six_dimensions_of_spark_on_kubernetes(
        self, configuration: Configuration
    ) -> None:
        matrix = configuration.matrix
        assert list(matrix.dimensions) == [
            *("spark_version", "orchestrator", "mode", "extension", "operation", "data_size")
        ]
        assert matrix.resolve("p1_350_connect_kubernetes_iceberg+rapids_read_1gb").id == (
            "3.5.0_connect_kubernetes_iceberg+rapids_read_1gb"
        )

    def test_has_priorities_that_grow_to_the_whole_matrix(
        self, configuration: Configuration
    ) -> None:
        p0, p1, p2 = (set(ids(configuration.matrix, p)) for p in ("p0", "p1", "p2"))
        assert p0 < p1 < p2 == set(configuration.matrix.by_id)

    @pytest.mark.parametrize(
        ("tier", "names"),
        [
            (
                Tier.STABILITY,
                "pod_restarts oom_kills failed_tasks failed_stages failed_jobs",
            ),
            (
                Tier.EFFICIENCY,
                EFFICIENCY,
            ),
            (
                Tier.PERFORMANCE,
                "duration_s throughput_rows_s latency_p50_ms latency_p95_ms latency_p99_ms",
            ),
        ],
        ids=lambda value: value.name.lower() if isinstance(value, Tier) else "",
    )
    def test_has_the_metrics_of_the_three_tiers(
        self, configuration: Configuration, tier: Tier, names: str
    ) -> None:
        assert [m.name for m in configuration.metrics.of_tier(tier)] == names.split()

    def test_judges_metrics_in_the_direction_in_which_they_get_worse(
        self, configuration: Configuration
    ) -> None:
        metrics = configuration.metrics
        higher = [m.name for m in metrics if m.direction is Direction.HIGHER]
        shown = [m.name for m in metrics if not m.is_judged]
        assert higher == ["throughput_rows_s"]
        assert shown == ["cpu_usage_pct", "gpu_usage_pct"]
        assert [m.name for m in metrics if m.limit is not None] == ["oom_kills"]
        assert metrics["oom_kills"].limit == 0.0

    def test_gives_each_scale_the_metrics_that_it_fits(self, configuration: Configuration) -> None:
        for metric in configuration.metrics:
            assert (metric.scale is Scale.COUNT) == (metric.tier is Tier.STABILITY)
            assert (metric.scale is Scale.POINTS) == metric.name.endswith("_pct")
            assert metric.scale is Scale.COUNT or metric.noise_floor > 0.0

    def test_keeps_raw_data_a_month_and_aggregates_a_year(
        self, configuration: Configuration
    ) -> None:
        assert configuration.retention == RetentionPolicy(raw_days=30, aggregated_days=365)

    def test_keeps_the_rule_that_was_asked_for_at_every_stage(
        self, configuration: Configuration
    ) -> None:
        for policy in configuration.regression.stages.values():
            assert (policy.threshold_relative, policy.alpha) == (0.20, 0.05)

    def test_finds_the_baselines_beside_it(self, configuration: Configuration) -> None:
        assert configuration.baselines_path == SHIPPED / "baselines" / "load-test-baselines.yaml"


def ids(matrix: Matrix, priority: str) -> list[str]:
    return [combination.id for combination in matrix.of_priority(priority)]


class TestRefusals:
    def test_of_a_folder_that_does_not_exist_say_how_to_name_another(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path / "nowhere")
        assert "LM_CONFIG_DIR" in refused.rule
        assert refused.file.endswith("nowhere")

    @pytest.mark.parametrize("name", FILES)
    def test_name_a_file_that_is_missing(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        refused = refusal(folder)
        assert (refused.file, refused.path) == (str(folder / name), "$")
        assert refused.rule == "the file is missing"

    @pytest.mark.parametrize(
        ("content", "rule"),
        [
            (b"", "must hold a mapping"),
            (b"- a\n", "must hold a mapping"),
            (b"a: [", "expected the node content"),
            (b"a: 1\na: 2\n", "the key 'a' is given twice"),
            (b"a: {b: 1, b: 2}\n", "the key 'b' is given twice"),
            (b"\xff\xfe", "must be readable UTF-8"),
            (b"a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
            (b"? [a]\n: 1\n", "unhashable key"),
            (b"a: 2026-13-45\n", "month must be in 1..12"),
            (b"a: " + b"[" * 1500, "nested too deeply"),
            (b"a: *b\n", "undefined alias"),
        ],
    )
    def test_of_a_file_that_is_no_plain_yaml_mapping_name_the_rule(
        self, tmp_path: Path, content: bytes, rule: str
    ) -> None:
        path = tmp_path / "any.yaml"
        path.write_bytes(content)
        with pytest.raises(ConfigurationError) as caught:
            read_yaml(path)
        assert (caught.value.file, caught.value.path) == (str(path), "$")
        assert rule in caught.value.rule

    def test_of_half_characters_say_what_to_write(self, folder: Path) -> None:
        (folder / "regression.yaml").write_text(r'{"stages": "\ud800\udc00"}', encoding="ascii")
        assert "write the character itself" in refusal(folder).rule

    def test_name_a_folder_in_the_place_of_a_file(self, folder: Path) -> None:
        (folder / "matrix.yaml").unlink()
        (folder / "matrix.yaml").mkdir()
        assert "must be readable" in refusal(folder).rule

    @pytest.mark.parametrize(
        ("name", "old", "new", "path", "rule"),
        [
            ("matrix.yaml", "id_format:", "id_fromat:", "$.id_fromat", "the key is unknown"),
            (
                "matrix.yaml",
                '"3.5.0", ',
                "3.5, ",
                "$.dimensions.spark_version[0]",
                "Expected `str`",
            ),
            (
                "matrix.yaml",
                "[airflow, connect]",
                "airflow",
                "$.dimensions.orchestrator",
                "`array`",
            ),
            ("matrix.yaml", "{operation}", "{nothing}", "$", "name every dimension once"),
            ("matrix.yaml", "[1gb, 10gb]", "[1gb, ../x]", "$", "an id must be"),
            ("metrics.yaml", "tier: 1", "tier: 4", "$.metrics[0].tier", "enum value 4"),
            ("metrics.yaml", "tier: 1", "teir: 1", "$.metrics[0].teir", "the key is unknown"),
            ("metrics.yaml", "tier: 1, ", "", "$.metrics[0]", "required field `tier`"),
            (
                "metrics.yaml",
                "direction: lower",
                "direction: down",
                "$.metrics[0].direction",
                "dow",
            ),
            ("metrics.yaml", "limit: 0", "limit: .nan", "$.metrics[1]", "limit must be finite"),
            ("metrics.yaml", "limit: 0", "limit: none", "$.metrics[1].limit", "`float | null`"),
            ("metrics.yaml", "0.5}", "-0.5}", "$.metrics[5]", "noise_floor must be finite"),
            ("metrics.yaml", "name: oom_kills", "name: OOM", "$.metrics[1]", "name must be"),
            ("metrics.yaml", "oom_kills", "pod_restarts", "$.metrics", "distinct names"),
            ("retention.yaml", "raw_days: 30", "raw_days: 0", "$", "raw_days must lie within 1"),
            ("retention.yaml", "raw_days: 30", "raw_days: 30.5", "$.raw_days", "Expected `int`"),
            ("retention.yaml", "raw_days: 30", "raw_days: 400", "$", "must not be below raw_days"),
            ("retention.yaml", "raw_days", "row_days", "$.row_days", "the key is unknown"),
            ("regression.yaml", "alpha: 0.05", "alhpa: 0.05", "$.stages.ci.alhpa", "unknown"),
            ("regression.yaml", "alpha: 0.05", "alpha: 5", "$.stages.ci", "between 0 and 1"),
            ("regression.yaml", "  weekly:", "  monthly:", "$.stages", "monthly"),
            (
                "regression.yaml",
                "[cpu_core_seconds, memory_gib_seconds]",
                "[cpu_seconds]",
                "$.stages.nightly.trade_offs[0].better",
                "'cpu_seconds' is no metric of metrics.yaml",
            ),
            (
                "regression.yaml",
                "owners: []",
                "owners: [{who: a, where: {operations: join}}]",
                "$.stages.ci.alerts.owners[0].where",
                "'operations' is none of the dimensions",
            ),
            (
                "regression.yaml",
                "owners: []",
                "owners: [{who: a, where: {operation: joins}}]",
                "$.stages.ci.alerts.owners[0].where",
                "'joins' is none of the values of operation",
            ),
            (
                "regression.yaml",
                "gain_per_loss:",
                "gain_for_loss:",
                "$.stages.nightly.trade_offs[0].gain_for_loss",
                "the key is unknown",
            ),
        ],
    )
    def test_of_a_wrong_key_or_value_name_its_path_and_rule(
        self, folder: Path, name: str, old: str, new: str, path: str, rule: str
    ) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        refused = refusal(folder)
        assert (refused.file, refused.path) == (str(folder / name), path)
        assert rule in refused.rule


class TestCollection:
    def test_is_empty_where_there_is_no_file(self, folder: Path) -> None:
        (folder / "collection.yaml").unlink(missing_ok=True)
        assert load_configuration(folder).collection == {}

    def test_is_what_the_file_says(self, folder: Path) -> None:
        write(folder, "collection.yaml", "oom_kills: some_query")
        assert load_configuration(folder).collection == {"oom_kills": "some_query"}

    def test_that_is_no_mapping_is_refused(self, folder: Path) -> None:
        write(folder, "collection.yaml", "- a")
        assert refusal(folder).rule == "the file must hold a mapping"


class TestYaml:
    def test_may_use_anchors_aliases_and_merge_keys(self, tmp_path: Path) -> None:
        path = write(
            tmp_path,
            "x.yaml",
            """\
            base: &base {raw_days: 7, aggregated_days: 70}
            more: &more {raw_days: 8}
            kept: {<<: *base, raw_days: 9}
            both: {<<: [*more, *base]}
            list: [*base]
            """,
        )
        content = read_yaml(path)
        assert content["kept"] == {"raw_days": 9, "aggregated_days": 70}
        assert content["both"] == {"raw_days": 8, "aggregated_days": 70}
        assert content["list"] == [{"raw_days": 7, "aggregated_days": 70}]

    @pytest.mark.parametrize("text", ["stages: &a {ci: *a}", "stages: {ci: {trade_offs: &a [*a]}}"])
    def test_that_holds_itself_is_refused(self, tmp_path: Path, text: str) -> None:
        path = write(tmp_path, "x.yaml", text)
        with pytest.raises(ConfigurationError):
            read_yaml_as(path, RegressionPolicy)

    def test_values_in_the_words_of_people_are_left_as_words(self, tmp_path: Path) -> None:
        path = write(tmp_path, "x.yaml", "a: [none, 1gb, '3.5.0']\n")
        assert read_yaml(path) == {"a": ["none", "1gb", "3.5.0"]}


def is_refused(path: Path) -> bool:
    """Whether a file is refused as a matrix; any other error fails the test."""
    try:
        read_yaml_as(path, Matrix)
    except ConfigurationError as error:
        return str(error).startswith(str(path))
    return False


@given(st.binary(max_size=100))
def test_any_bytes_in_a_file_are_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "matrix.yaml"
    path.write_bytes(content)
    assert is_refused(path)


@given(st.text("{}[]:,&*!?-|>'\"\n ab<1.", max_size=60))
def test_any_near_yaml_in_a_file_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "matrix.yaml"
    path.write_text(content, encoding="utf-8")
    assert is_refused(path)


class TestSpellingsOfNumbers:
    @pytest.mark.parametrize(
        "spelt", ["030", "0365", "0o36", "24_5", "1:30", "0x1F", "0b11", "3_0.5"]
    )
    def test_that_not_every_reader_takes_for_one_number_are_refused(self, tmp_path, spelt):
        file = tmp_path / "retention.yaml"
        file.write_text(f"raw_days: {spelt}\n")
        with pytest.raises(ConfigurationError):
            read_yaml_as(file, RetentionPolicy)

    @pytest.mark.parametrize(
        ("spelt", "value"), [("30", 30), ("0", 0), ("0.5", 0.5), ("1.0e-3", 0.001)]
    )
    def test_that_are_plain_decimal_are_read(self, tmp_path, spelt, value):
        file = tmp_path / "any.yaml"
        file.write_text(f"a: {spelt}\n")
        assert read_yaml(file) == {"a": value}

    def test_in_quotes_are_text(self, tmp_path):
        file = tmp_path / "any.yaml"
        file.write_text('a: "030"\n')
        assert read_yaml(file) == {"a": "030"}
