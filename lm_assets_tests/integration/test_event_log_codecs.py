"""Event logs compressed by Spark's own codecs, flushed as its event-log writer flushes them."""

import io
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from benchmarks.collect_event_log import renumbered
from lm_assets.collect.spark.event_log import EventLogPart, parse_event_log
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.fakes.spark_home import spark_home

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

# compressedContinuousOutputStream is what the event-log writer calls; only Spark may, but for this.
WRITE = """
val Array(source, target) = args
val conf = new org.apache.spark.SparkConf(false)
val content = java.nio.file.Files.readAllBytes(java.nio.file.Paths.get(source))
for ((name, codec) <- Map(
    "lz4" -> new org.apache.spark.io.LZ4CompressionCodec(conf),
    "snappy" -> new org.apache.spark.io.SnappyCompressionCodec(conf),
    "zstd" -> new org.apache.spark.io.ZStdCompressionCodec(conf))) {
  val file = new java.io.FileOutputStream(target + "/app-1." + name)
  val out = codec.getClass
    .getMethod("compressedContinuousOutputStream", classOf[java.io.OutputStream])
    .invoke(codec, file).asInstanceOf[java.io.OutputStream]
  content.grouped(777).foreach { piece => out.write(piece); out.flush() }
  out.close()
}
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with one event log, plain and as each of Spark's codecs writes it."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no java: install a Java 17 runtime")
    folder = tmp_path_factory.mktemp("codecs")
    source = folder / "app-1"
    content = event_lines(*eventful_application("app-1"))
    source.write_bytes(b"".join(renumbered(content, copy) for copy in range(20)))
    command = [java, "-cp", f"{spark_home()}/jars/*", "scala.tools.nsc.MainGenericRunner"]
    script = folder / "write.scala"
    script.write_text(WRITE)
    options = ["-usejavacp", "-nc", str(script), str(source), str(folder)]
    done = subprocess.run(
        [*command, *options], check=False, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3_000:] + done.stdout[-3_000:]
    return folder


@pytest.mark.parametrize("codec", ["lz4", "snappy", "zstd"])
def test_what_spark_compressed_is_read_as_what_it_was(written: Path, codec: str) -> None:
    plain = EventLogPart(name="app-1", open=partial((written / "app-1").open, "rb"))
    packed = EventLogPart(
        name=f"app-1.{codec}", open=partial((written / f"app-1.{codec}").open, "rb")
    )
    assert parse_event_log([packed]) == parse_event_log([plain])


@pytest.mark.parametrize("codec", ["lz4", "snappy", "zstd"])
def test_what_spark_had_flushed_before_it_died_is_kept(written: Path, codec: str) -> None:
    content = (written / f"app-1.{codec}").read_bytes()
    half = EventLogPart(
        name=f"app-1.{codec}", open=partial(io.BytesIO, content[: len(content) // 2])
    )
    figures = parse_event_log([half])
    assert 100 < figures.tasks < 20 * 12
    assert figures.incomplete == ()
