"""The matrix: which names stand for which combination, and which matrices are refused."""

import itertools
import re

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from lm_assets.model.combination import MAX_CELLS, Combination, Matrix
from lm_assets.model.errors import UnknownCombinationError

SPARK = Matrix(
    dimensions={
        "spark_version": ["3.5.0", "4.0.0"],
        "orchestrator": ["airflow", "connect"],
        "extension": ["none", "iceberg+rapids"],
        "data_size": ["1gb", "10gb"],
    },
    id_format="{spark_version}_{orchestrator}_{extension}_{data_size}",
    priorities={
        "p0": [{"data_size": ["1gb"], "extension": ["none"]}],
        "p1": [{"data_size": ["1gb"]}, {"orchestrator": ["connect"]}],
        "p2": [{}],
    },
)


def two_dimensions(a: list[str], b: list[str], **more: object) -> Matrix:
    settings = {"id_format": "{a}_{b}", **more}
    return Matrix(dimensions={"a": a, "b": b}, **settings)  # type: ignore[arg-type]


class TestResolve:
    @pytest.mark.parametrize("prefix", ["", "p0_", "p1_", "p2_"])
    @pytest.mark.parametrize(
        "spelling",
        [
            "3.5.0_connect_iceberg+rapids_1gb",
            "350_connect_iceberg+rapids_1gb",
        ],
        ids=["full id", "compact"],
    )
    def test_reads_every_spelling_with_every_priority(self, prefix: str, spelling: str) -> None:
        assert SPARK.resolve(prefix + spelling).dimensions == {
            "spark_version": "3.5.0",
            "orchestrator": "connect",
            "extension": "iceberg+rapids",
            "data_size": "1gb",
        }

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "_",
            "p1",
            "p1_",
            "3.5.0",
            "3.6.0_connect_none_1gb",
            "p3_3.5.0_connect_none_1gb",
            "p1_p1_3.5.0_connect_none_1gb",
            "35.0_connect_none_1gb",
            "3.5.0_connect_none_1gb_",
            " 3.5.0_connect_none_1gb",
            "3.5.0_CONNECT_none_1gb",
            "3.5.0_connect_none_1gb\n",
            "3.5.0_none_connect_1gb",
            "{spark_version}_connect_none_1gb",
            "../3.5.0_connect_none_1gb",
        ],
    )
    def test_refuses_a_name_that_is_no_combination(self, name: str) -> None:
        with pytest.raises(UnknownCombinationError, match="is no combination of the matrix"):
            SPARK.resolve(name)

    def test_refuses_a_compact_spelling_of_two_combinations_and_names_both(self) -> None:
        matrix = two_dimensions(["3.5.0", "35.0"], ["x"], priorities={"p1": [{}]})
        for name in ("350_x", "p1_350_x"):
            message = re.escape("ambiguous: it could be any of ['3.5.0_x', '35.0_x']")
            with pytest.raises(UnknownCombinationError, match=message):
                matrix.resolve(name)
        assert matrix.resolve("p1_35.0_x").id == "35.0_x"

    def test_takes_an_exact_id_for_itself_even_where_it_could_be_a_compact_spelling(self) -> None:
        matrix = two_dimensions(["main"], ["1.5gb", "15gb"])
        assert matrix.resolve("main_15gb").id == "main_15gb"
        assert matrix.resolve("main_1.5gb").id == "main_1.5gb"

    def test_takes_an_exact_id_for_itself_even_where_it_could_be_one_behind_a_priority(
        self,
    ) -> None:
        matrix = two_dimensions(["p1_a1", "a.1"], ["b"], priorities={"p1": [{}]})
        assert matrix.resolve("p1_a1_b").id == "p1_a1_b"
        assert matrix.resolve("p1_a.1_b").id == "a.1_b"

    def test_refuses_a_half_compact_spelling_of_two_combinations(self) -> None:
        matrix = two_dimensions(["3.5.0"], ["1.5gb", "15gb"])
        with pytest.raises(UnknownCombinationError, match="ambiguous"):
            matrix.resolve("350_15gb")
        assert matrix.resolve("350_1.5gb").id == "3.5.0_1.5gb"

    def test_refuses_a_name_that_reads_differently_with_and_without_its_priority(self) -> None:
        matrix = two_dimensions(["p.1_a", "a"], ["b"], priorities={"p1": [{}]})
        with pytest.raises(UnknownCombinationError, match="ambiguous"):
            matrix.resolve("p1_a_b")

    def test_reads_priorities_whose_names_hold_the_separator(self) -> None:
        priorities: dict[str, object] = {"smoke": [{}], "smoke_test": [{}]}
        matrix = two_dimensions(["a"], ["b"], priorities=priorities)
        assert matrix.resolve("smoke_test_a_b").id == "a_b"
        assert matrix.resolve("smoke_a_b").id == "a_b"

    def test_treats_names_as_text_and_not_as_patterns(self) -> None:
        matrix = two_dimensions(["a+b", "aab"], ["x.y"])
        assert matrix.resolve("aab_xy").id == "aab_x.y"
        assert matrix.resolve("a+b_xy").id == "a+b_x.y"
        with pytest.raises(UnknownCombinationError):
            matrix.resolve("a+b_xzy")

    @given(st.text(max_size=60))
    def test_either_finds_a_combination_or_says_that_there_is_none(self, name: str) -> None:
        try:
            found = SPARK.resolve(name)
        except UnknownCombinationError:
            return
        assert found in SPARK.combinations
        assert name.replace(".", "").endswith(found.id.replace(".", ""))


VALUES = st.lists(
    st.from_regex(r"[ab1]([._]?[ab1]){0,2}", fullmatch=True), min_size=1, max_size=4, unique=True
)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    """Matrices whose values collide as much as a matrix allows."""
    names = ["x", "y", "z"][: draw(st.integers(1, 3))]
    try:
        return Matrix(
            dimensions={name: draw(VALUES) for name in names},
            id_format="_".join(f"{{{name}}}" for name in names),
            priorities={"p0": [{}], "a": [{}]},
        )
    except ValueError:
        reject()


def spellings(matrix: Matrix, combination: Combination) -> set[str]:
    """Every spelling the contract allows, by brute force and without a pattern."""
    values = [{v, v.replace(".", "")} for v in combination.dimensions.values()]
    bare = {"_".join(chosen) for chosen in itertools.product(*values)}
    prefixes = ["", *(f"{priority}_" for priority in matrix.priorities)]
    return {prefix + spelling for prefix in prefixes for spelling in bare}


AMBIGUOUS = "ambiguous"


def answer(matrix: Matrix, name: str) -> str:
    """The id that a name resolves to, or the word for a name of several."""
    try:
        return matrix.resolve(name).id
    except UnknownCombinationError as error:
        return AMBIGUOUS if AMBIGUOUS in str(error) else str(error)


class TestResolveOnAnyMatrix:
    @given(matrices())
    def test_finds_every_id_under_every_priority_or_calls_it_ambiguous(
        self, matrix: Matrix
    ) -> None:
        for combination in matrix.combinations:
            assert matrix.resolve(combination.id) == combination
            for priority in matrix.priorities:
                found = answer(matrix, f"{priority}_{combination.id}")
                assert found in (combination.id, AMBIGUOUS)

    @given(matrices())
    def test_answers_a_spelling_of_one_combination_with_it_and_of_more_with_a_refusal(
        self, matrix: Matrix
    ) -> None:
        spelt_so: dict[str, set[str]] = {}
        for combination in matrix.combinations:
            for spelling in spellings(matrix, combination):
                spelt_so.setdefault(spelling, set()).add(combination.id)
        for spelling, ids in spelt_so.items():
            found = answer(matrix, spelling)
            exact = [spelling, *(spelling.removeprefix(f"{p}_") for p in matrix.priorities)]
            if len(ids) == 1:
                assert found in ids
            else:
                assert found == AMBIGUOUS or found in exact, "an ambiguous spelling was guessed"


class TestFromDimensions:
    def test_finds_a_combination_and_ignores_other_fields(self) -> None:
        wanted = SPARK.by_id["4.0.0_airflow_none_10gb"]
        assert SPARK.from_dimensions({**wanted.dimensions, "color": "red"}) == wanted

    def test_names_the_dimensions_that_are_absent(self) -> None:
        with pytest.raises(UnknownCombinationError, match=r"absent: \['orchestrator', 'data_size'"):
            SPARK.from_dimensions({"spark_version": "3.5.0", "extension": "none"})

    def test_refuses_a_value_that_the_matrix_does_not_know(self) -> None:
        values = {**SPARK.combinations[0].dimensions, "data_size": "2gb"}
        with pytest.raises(UnknownCombinationError, match="2gb"):
            SPARK.from_dimensions(values)

    def test_does_not_mistake_one_split_of_an_id_for_another(self) -> None:
        matrix = two_dimensions(["a", "a_b"], ["c", "d"])
        with pytest.raises(UnknownCombinationError):
            matrix.from_dimensions({"a": "a", "b": "b_c"})


class TestPriorities:
    def test_select_by_any_of_their_selectors_and_by_all_dimensions_of_one(self) -> None:
        p1 = {c.id for c in SPARK.of_priority("p1")}
        assert "3.5.0_airflow_none_1gb" in p1
        assert "3.5.0_connect_none_10gb" in p1
        assert "3.5.0_airflow_none_10gb" not in p1

    def test_are_sorted_by_id_and_the_last_is_the_whole_matrix(self) -> None:
        assert SPARK.of_priority("p2") == SPARK.combinations
        assert [c.id for c in SPARK.combinations] == sorted(c.id for c in SPARK.combinations)
        assert len(SPARK.combinations) == 16

    def test_that_the_matrix_does_not_have_are_refused_with_those_it_has(self) -> None:
        with pytest.raises(UnknownCombinationError, match=r"'p7'.*\['p0', 'p1', 'p2'\]"):
            SPARK.of_priority("p7")


class TestExclude:
    def test_removes_combinations_from_ids_names_and_priorities(self) -> None:
        matrix = two_dimensions(
            ["a", "b"], ["x", "y"], exclude=[{"a": ["b"], "b": ["y"]}], priorities={"p0": [{}]}
        )
        assert [c.id for c in matrix.of_priority("p0")] == ["a_x", "a_y", "b_x"]
        with pytest.raises(UnknownCombinationError):
            matrix.resolve("b_y")
        with pytest.raises(UnknownCombinationError):
            matrix.from_dimensions({"a": "b", "b": "y"})


class TestRefusedMatrices:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"id_format": "{a}"}, "name every dimension once"),
            ({"id_format": "{a}_{b}_{b}"}, "name every dimension once"),
            ({"id_format": "{a}_{c}"}, "name every dimension once"),
            ({"id_format": "{}_{b}"}, "name every dimension once"),
            ({"id_format": "{a.__class__}_{b}"}, "name every dimension once"),
            ({"id_format": "{a!r}_{b}"}, "without ! or :"),
            ({"id_format": "{a:>9}_{b}"}, "without ! or :"),
            ({"id_format": "{a:{b}}_{b}"}, "without ! or :"),
            ({"id_format": "{a_{b}"}, "id_format must be a format string"),
            ({"id_format": "{a}/{b}"}, "an id must be"),
            ({"id_format": ".{a}{b}"}, "an id must be"),
            ({"a": []}, r"dimensions\.a must list distinct values"),
            ({"a": ["x", "x"]}, r"dimensions\.a must list distinct values"),
            ({"a": [".."]}, "an id must be"),
            ({"a": ["x/../y"]}, "an id must be"),
            ({"a": ["x\ny"]}, "an id must be"),
            ({"a": [""]}, "an id must be"),
            ({"a": ["x" * 200]}, "an id must be"),
            ({"a": ["x", "x_y"], "b": ["y_z", "z"]}, "an id of its own"),
            ({"priorities": {"p0": [{"c": ["x"]}]}}, "p0 names the unknown dimension 'c'"),
            ({"priorities": {"p0": [{"a": ["q"]}]}}, r"p0 names unknown values of a: \['q'\]"),
            ({"priorities": {"p0": []}}, r"priorities\.p0 selects no combination"),
            ({"priorities": {"p0": [{"a": []}]}}, r"priorities\.p0 selects no combination"),
            ({"exclude": [{"c": ["x"]}]}, "exclude names the unknown dimension 'c'"),
            ({"a": ["x", "p0_x"], "priorities": {"p0": [{}]}}, "reads like another id"),
        ],
    )
    def test_say_which_rule_is_broken(self, change: dict[str, object], message: str) -> None:
        settings: dict[str, object] = {"a": ["x", "y"], "b": ["z"], **change}
        with pytest.raises(ValueError, match=message):
            two_dimensions(**settings)  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["0", "a b", "a.b", "-a", "é"])
    def test_include_dimensions_whose_names_no_field_can_have(self, name: str) -> None:
        with pytest.raises(ValueError, match="dimension"):
            Matrix(dimensions={name: ["x"]}, id_format=f"{{{name}}}")

    def test_include_one_too_large_to_enumerate_without_trying_to(self) -> None:
        values = [str(i) for i in range(10)]
        names = [f"d{i}" for i in range(30)]
        with pytest.raises(ValueError, match=f"at most {MAX_CELLS}"):
            Matrix(
                dimensions=dict.fromkeys(names, values),
                id_format="_".join(f"{{{name}}}" for name in names),
            )
