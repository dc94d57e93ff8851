"""A server that is out of reach is left alone for a while, and asked again."""

from lm_assets.gateways.http.outage import OutageMemory


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def out_of_reach(time: Time, calls: int) -> OutageMemory:
    memory = OutageMemory(tolerated=3, pause_s=30.0, monotonic_s=time)
    for _ in range(calls):
        assert memory.reason_not_to_ask() is None
        memory.no_answer("timed_out")
    return memory


def test_a_few_calls_without_an_answer_are_tolerated() -> None:
    assert out_of_reach(Time(), 2).reason_not_to_ask() is None


def test_an_answer_in_between_begins_the_count_anew() -> None:
    memory = out_of_reach(Time(), 2)
    memory.answered()
    memory.no_answer("timed_out")
    assert memory.reason_not_to_ask() is None


def test_too_many_in_a_row_and_the_server_is_not_asked() -> None:
    memory = out_of_reach(Time(), 3)
    assert memory.reason_not_to_ask() == (
        "not asked: 3 calls in a row had no answer, the last timed_out"
    )


def test_after_the_pause_one_call_is_let_through_to_see() -> None:
    time = Time()
    memory = out_of_reach(time, 3)
    time.now_s = 30.0
    assert memory.reason_not_to_ask() is None
    assert memory.reason_not_to_ask() is not None
    memory.answered()
    assert memory.reason_not_to_ask() is None


def test_a_server_that_hangs_is_given_up_by_the_time_it_cost() -> None:
    memory = OutageMemory(tolerated=10, tolerated_s=600.0)
    for _ in range(2):
        assert memory.reason_not_to_ask() is None
        memory.no_answer("timed_out", spent_s=300.0)
    assert "2 calls in a row had no answer" in (memory.reason_not_to_ask() or "")
    memory.answered()
    assert memory.reason_not_to_ask() is None
