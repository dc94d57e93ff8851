"""A cluster's history in OpenMetrics text, with the label sets of the real exporters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SCRAPE_S = 30


@dataclass(slots=True)
class Exposition:
    """Samples of series, scraped every 30 s a few seconds off the round times.

    ``start_s`` is the start of the load run; scrape ``k`` happens at start + 30 k + 7 s, so that
    the last scrape at or before the start is k = −1, and before start + 300 s it is k = 9.
    """

    start_s: int
    lines: list[str] = field(default_factory=list)

    def series(
        self, name: str, labels: Mapping[str, str], values: Mapping[int, float] | Sequence[float]
    ) -> None:
        """Add a series: a value by scrape number, or values from scrape −1 on."""
        by_scrape = values if isinstance(values, Mapping) else dict(enumerate(values, start=-1))
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        for scrape, value in by_scrape.items():
            self.lines.append(f"{name}{{{text}}} {value} {self.start_s + SCRAPE_S * scrape + 7}")

    def ksm(
        self,
        what: str,
        namespace: str,
        pod: str,
        values: Mapping[int, float] | Sequence[float],
        *,
        container: str = "spark-kubernetes-executor",
        **labels: str,
    ) -> None:
        """Add a series of kube-state-metrics about a container."""
        identity = {
            "namespace": namespace,
            "pod": pod,
            "uid": f"uid-{namespace}-{pod}",
            "container": container,
            "instance": "ksm-0:8080",
        }
        self.series(f"kube_pod_container_{what}", {**identity, **labels}, values)

    def limit(
        self, namespace: str, pod: str, *, kind: str = "limits", cpu: float = 0, memory: float = 0
    ) -> None:
        """Add what a container may use, or asked for, as kube-state-metrics has it."""
        for resource, unit, value in (("cpu", "core", cpu), ("memory", "byte", memory)):
            if value:
                self.ksm(
                    f"resource_{kind}",
                    namespace,
                    pod,
                    dict.fromkeys(range(-4, 13), value),
                    resource=resource,
                    unit=unit,
                    node="n",
                )

    def cadvisor(
        self,
        what: str,
        namespace: str,
        pod: str,
        values: Mapping[int, float] | Sequence[float],
        *,
        container: str = "spark-kubernetes-executor",
        identity: str = "a",
        **labels: str,
    ) -> None:
        """Add a series of cAdvisor about a container."""
        path = f"/kubepods/burstable/pod-{namespace}-{pod}/{identity}"
        base = {"container": container, "id": path, "image": "spark:3.5", "name": identity}
        where = {"namespace": namespace, "pod": pod, "instance": "node-1:10250"}
        self.series(f"container_{what}", {**base, **where, **labels}, values)

    def text(self) -> str:
        """Return the whole exposition."""
        return "\n".join([*self.lines, "# EOF", ""])


def line(first: int, last: int, *, start: float, step: float = 0.0) -> dict[int, float]:
    """Return values from one scrape to another, growing by ``step`` at each."""
    return {k: start + step * (k - first) for k in range(first, last + 1)}


def constant(scrapes: Iterable[int], value: float) -> dict[int, float]:
    """Return one value at each of some scrapes."""
    return dict.fromkeys(scrapes, value)
