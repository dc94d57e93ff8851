"""Many small requests to a server that answers each slowly: some are always under way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 16


def read_ahead(
    read: Callable[[T], R], items: Iterable[T], *, ahead: int = _AHEAD
) -> Iterator[tuple[T, "Future[R]"]]:
    """Yield each item with the future of what ``read`` makes of it, in the order of the items.

    At most ``ahead`` answers wait to be taken, so that memory holds a few of them and never all. An
    error is raised by the future of its item.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        try:
            for item in items:
                if len(waiting) == ahead:
                    yield waiting.popleft()
                waiting.append((item, pool.submit(read, item)))
            while waiting:
                yield waiting.popleft()
        finally:
            for _, future in waiting:
                future.cancel()
