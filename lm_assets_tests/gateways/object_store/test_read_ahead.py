"""Reading ahead: in order, bounded, and each error where it belongs."""

import threading

import pytest

from lm_assets.gateways.object_store.read_ahead import read_ahead


def test_what_is_read_comes_in_the_order_of_the_items():
    assert [(item, future.result()) for item, future in read_ahead(str, range(100), ahead=4)] == [
        (n, str(n)) for n in range(100)
    ]


def test_nothing_to_read_gives_nothing():
    assert list(read_ahead(str, [])) == []


def test_several_are_read_at_a_time():
    together = threading.Barrier(3, timeout=20)

    def read(item: int) -> int:
        together.wait()
        return item

    assert [future.result() for _, future in read_ahead(read, range(6), ahead=3)] == list(range(6))


def test_no_more_are_read_than_may_wait():
    begun: list[int] = []
    found = read_ahead(begun.append, range(100), ahead=5)
    for taken in range(1, 20):
        next(found)
        assert len(begun) <= taken + 5
    found.close()
    assert len(begun) < 30


def test_an_error_is_raised_by_its_own_item_and_the_others_are_read():
    answers = [future for _, future in read_ahead(lambda n: 1 // n, [1, 0, 1])]
    assert [answers[0].result(), answers[2].result()] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        answers[1].result()
