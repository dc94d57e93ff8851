"""Plans of runs: neither an hour nor a machine falls on all runs of one side or combination."""

from collections import Counter

import pytest

from lm_assets.regression.confirmation.run_order import paired_runs, spread_runs

NODES = ("n1", "n2", "n3")
NAMES = ("a", "b", "c", "d")


def test_a_combination_is_on_every_node_before_it_is_on_one_again():
    planned = spread_runs(NAMES, runs=6, nodes=NODES)
    for name in NAMES:
        nodes = [run.node for run in planned if run.combination == name]
        assert Counter(nodes) == dict.fromkeys(NODES, 2)
        assert set(nodes[:3]) == set(NODES)


def test_every_round_has_every_combination_and_begins_elsewhere():
    planned = spread_runs(NAMES, runs=4)
    rounds = [planned[at : at + 4] for at in range(0, 16, 4)]
    assert all({run.combination for run in of_round} == set(NAMES) for of_round in rounds)
    assert len({of_round[0].combination for of_round in rounds}) == 4
    assert [run.order for run in planned] == list(range(1, 17))


def test_both_runs_of_a_pair_are_on_one_node_and_the_next_pair_on_another():
    planned = paired_runs(NAMES, runs=3, nodes=NODES)
    pairs = [planned[at : at + 2] for at in range(0, len(planned), 2)]
    for first, second in pairs:
        assert (first.node, first.pair) == (second.node, second.pair)
        assert {first.side, second.side} == {"baseline", "current"}
    nodes_of_a = [first.node for first, _ in pairs if first.combination == "a"]
    assert len(set(nodes_of_a)) == 3


def test_sides_change_places_from_one_repetition_to_the_next():
    planned = paired_runs(["a"], runs=3)
    assert [run.side for run in planned] == [
        *("baseline", "current"),
        *("current", "baseline"),
        *("baseline", "current"),
    ]


@pytest.mark.parametrize("plan", [spread_runs, paired_runs])
def test_without_nodes_none_is_named(plan):
    assert {run.node for run in plan(NAMES, runs=2)} == {""}
