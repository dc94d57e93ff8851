"""What is written directly reads as what the client library writes."""

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from lm_assets.exporter.family_text import ClientFamily, TextFamily, label_text

HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8).map(
    lambda text: text.replace("\r", "")
) | st.sampled_from(['o"brien', "a\\nb", "x\ny", "\\", "}", ","])
VALUES = st.floats(allow_nan=False, width=64)


def read(text):
    (family,) = text_string_to_metric_families(text.decode())
    return family.documentation, [(s.name, s.labels, s.value) for s in family.samples]


@given(HOSTILE, st.lists(st.tuples(HOSTILE, HOSTILE, VALUES), min_size=1, max_size=4))
def test_a_family_written_directly_reads_as_the_clients(documentation, rows):
    documentation = f"d{documentation.strip()}"
    client = GaugeMetricFamily("lm_x", documentation, labels=["a", "b"])
    for a, b, value in rows:
        client.add_metric([a, b], value)
    samples = [(label_text([("a", a), ("b", b)]), value) for a, b, value in rows]
    direct = TextFamily(name="lm_x", documentation=documentation, samples=samples)
    assert read(direct.text()) == read(ClientFamily(client).text())
    assert direct.series == len(rows)


def test_what_is_not_finite_is_written_as_prometheus_says_it():
    samples = [("", value) for value in (math.inf, -math.inf, math.nan)]
    text = TextFamily(name="lm_x", documentation="x", samples=samples).text().decode()
    assert text.splitlines()[2:] == ["lm_x{} +Inf", "lm_x{} -Inf", "lm_x{} NaN"]
