"""JMeter, k6, Locust, Gatling, hey and wrk: the numbers of files as these tools write them."""

# ruff: noqa: E501 - files as the tools write them

import json

import pytest

from lm_assets.collect.convert import gatling, http_text, jmeter, k6, locust
from lm_assets.model.errors import UnusableInputError

CSV = """\
timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect
1763773200000,100,GET /cart,200,OK,Thread Group 1-1,text,true,,512,120,2,2,http://shop/cart,90,0,10
1763773200100,300,POST /pay,500,Internal Server Error,Thread Group 1-1,text,false,,64,240,2,2,http://shop/pay,290,0,0
1763773200000,400,checkout,500,"Number of samples in transaction : 2, number of failing samples : 1",Thread Group 1-1,,false,,576,360,2,2,null,380,0,10
1763773201000,200,GET /cart,200,OK,Thread Group 1-2,text,true,,512,120,2,2,http://shop/cart,190,0,9
"""
XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<testResults version="1.2">
<sample t="400" lt="380" ts="1763773200000" s="false" lb="checkout" rc="500" rm="Number of samples in transaction : 2, number of failing samples : 1">
  <httpSample t="100" lt="90" ts="1763773200000" s="true" lb="GET /cart" rc="200" rm="OK">
    <httpSample t="40" lt="30" ts="1763773200050" s="true" lb="style.css" rc="200" rm="OK"/>
  </httpSample>
  <httpSample t="300" lt="290" ts="1763773200100" s="false" lb="POST /pay" rc="500" rm="Error"/>
</sample>
<httpSample t="200" lt="190" ts="1763773201000" s="true" lb="GET /cart" rc="200" rm="OK"/>
</testResults>
"""


def metrics_of(runs):
    (run,) = runs
    return run.metrics


@pytest.mark.parametrize("content", [CSV, XML], ids=["CSV", "XML"])
def test_jmeter_counts_requests_and_not_the_transaction_around_them(content):
    metrics = metrics_of(jmeter.convert(content.encode()))
    assert metrics["duration_s"] == 1.2
    assert metrics["requests_s"] == pytest.approx(3 / 1.2)
    assert (metrics["latency_p50_ms"], metrics["errors"]) == (200.0, 1.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"<testResults/>",
        b"<html></html>",
        b"<testResults>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><testResults/>",
        CSV.replace(",100,", ",fast,").encode(),
    ],
)
def test_what_is_no_jtl_is_refused_by_name(content):
    with pytest.raises(UnusableInputError, match="not_this_format"):
        jmeter.convert(content)


SUMMARY = {
    "metrics": {
        "http_req_duration": {
            "avg": 12.1,
            "min": 3,
            "med": 10.5,
            "max": 80,
            "p(90)": 20,
            "p(95)": 31.5,
        },
        "http_reqs": {"count": 2000, "rate": 66.6},
        "http_req_failed": {"passes": 20, "fails": 1980, "value": 0.01},
    }
}


def test_k6s_summary_leaves_out_the_quantile_that_it_does_not_have():
    metrics = metrics_of(k6.convert_summary(json.dumps(SUMMARY).encode()))
    assert metrics == {
        "latency_p50_ms": 10.5,
        "latency_p95_ms": 31.5,
        "requests_s": 66.6,
        "errors": 20.0,
    }


def test_k6s_own_summary_handler_has_values_a_level_deeper_and_the_duration():
    deeper = {name: {"type": "trend", "values": v} for name, v in SUMMARY["metrics"].items()}
    whole = {"metrics": deeper, "state": {"testRunDurationMs": 30_000.0}}
    metrics = metrics_of(k6.convert_summary(json.dumps(whole).encode()))
    assert (metrics["duration_s"], metrics["latency_p95_ms"]) == (30.0, 31.5)


def test_k6s_points_are_its_requests():
    points = [
        {"type": "Metric", "metric": "http_req_duration", "data": {"type": "trend"}},
        *(
            {"type": "Point", "metric": m, "data": {"time": f"2026-11-22T01:00:0{s}Z", "value": v}}
            for s, m, v in [
                (1, "http_req_duration", 1000.0),
                (1, "http_req_failed", 0),
                (3, "http_req_duration", 500.0),
                (3, "http_req_failed", 1),
            ]
        ),
    ]
    metrics = metrics_of(k6.convert_points("\n".join(map(json.dumps, points)).encode()))
    assert (metrics["duration_s"], metrics["errors"]) == (3.0, 1.0)
    assert metrics["latency_p50_ms"] == 750.0


LOCUST = """\
Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
GET,/cart,900,1,12,13.1,4,90,512,30.0,0.03,12,14,16,17,21,28,40,55,90,90,90
POST,/pay,100,9,40,44.0,20,120,64,3.3,0.3,40,44,48,50,60,80,100,110,120,120,120
,Aggregated,1000,10,13,16.2,4,120,467,33.3,0.33,13,16,18,20,30,44,70,88,120,120,120
"""


def test_locusts_aggregated_row_is_the_run():
    metrics = metrics_of(locust.convert(LOCUST.encode()))
    assert (metrics["latency_p50_ms"], metrics["latency_p99_ms"]) == (13.0, 88.0)
    assert (metrics["requests_s"], metrics["errors"]) == (33.3, 10.0)


def test_an_aggregated_row_that_contradicts_its_parts_is_a_fault():
    with pytest.raises(UnusableInputError, match="contradiction: Aggregated says Request Count 1"):
        locust.convert(LOCUST.replace(",Aggregated,1000,", ",Aggregated,1100,").encode())


GATLING = (
    "RUN\tShop\tshop\t1763773200000\t \t3.9.5\n"
    "USER\tShop\tSTART\t1763773200000\n"
    "REQUEST\t\tcart\t1763773200000\t1763773200100\tOK\t \n"
    "REQUEST\tcheckout\tpay\t1763773200100\t1763773200400\tKO\tstatus 500\n"
    "GROUP\tcheckout\t1763773200100\t1763773200400\t300\tKO\n"
)


def test_gatlings_log_is_its_requests_without_its_groups():
    metrics = metrics_of(gatling.convert_log(GATLING.encode()))
    assert (metrics["duration_s"], metrics["latency_p50_ms"]) == (0.4, 200.0)
    assert (metrics["requests_s"], metrics["errors"]) == (5.0, 1.0)


def test_gatlings_binary_log_says_what_to_give_instead():
    with pytest.raises(UnusableInputError, match=r"stats\.json"):
        gatling.convert_log(b"\x00\x00\x00\x053.13.1")


def test_gatlings_report_gives_its_totals():
    def total(value):
        return {"total": value, "ok": value, "ko": 0}

    stats = {
        "numberOfRequests": {"total": 100, "ok": 98, "ko": 2},
        "percentiles1": total(10),
        "percentiles2": total(20),
        "percentiles3": total(30),
        "percentiles4": total(40),
        "meanNumberOfRequestsPerSecond": total(3.3),
    }
    content = json.dumps({"type": "GROUP", "stats": stats}).encode()
    assert metrics_of(gatling.convert_stats(content)) == {
        "latency_p50_ms": 10,
        "latency_p95_ms": 30,
        "latency_p99_ms": 40,
        "requests_s": 3.3,
        "errors": 2,
    }


HEY = """\

Summary:
  Total:	10.0100 secs
  Slowest:	0.2100 secs
  Fastest:	0.0010 secs
  Average:	0.0120 secs
  Requests/sec:	998.5000

Latency distribution:
  10% in 0.0040 secs
  50% in 0.0100 secs
  95%% in 0.0300 secs
  99% in 0.0500 secs

Status code distribution:
  [200]	9990 responses
  [503]	5 responses

Error distribution:
  [2]	Get "http://127.0.0.1/": context deadline exceeded
"""


def test_heys_summary():
    metrics = metrics_of(http_text.convert_hey(HEY.encode()))
    assert (metrics["duration_s"], metrics["requests_s"], metrics["errors"]) == (10.01, 998.5, 7.0)
    assert metrics["latency_p95_ms"] == pytest.approx(30.0)


WRK = """\
Running 30s test @ http://127.0.0.1:8080/
  12 threads and 400 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   635.91us    0.89ms  12.92ms   93.69%
    Req/Sec    56.20k     8.07k   62.00k    86.54%
  Latency Distribution
     50%  250.00us
     75%  491.00us
     90%  700.00us
     99%    5.80ms
  22464657 requests in 30.00s, 17.76GB read
  Socket errors: connect 0, read 3, write 0, timeout 1
  Non-2xx or 3xx responses: 6
Requests/sec: 748868.53
Transfer/sec:    606.33MB
"""


def test_wrks_text():
    assert metrics_of(http_text.convert_wrk(WRK.encode())) == {
        "duration_s": 30.0,
        "requests_s": 748868.53,
        "latency_p50_ms": 0.25,
        "latency_p99_ms": 5.8,
        "errors": 10.0,
    }


@pytest.mark.parametrize(
    "convert",
    [
        *(k6.convert_summary, k6.convert_points, locust.convert, gatling.convert_log),
        *(gatling.convert_stats, http_text.convert_hey, http_text.convert_wrk),
    ],
)
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_another_file_is_refused_and_never_half_read(convert, content):
    with pytest.raises(UnusableInputError):
        convert(content)
