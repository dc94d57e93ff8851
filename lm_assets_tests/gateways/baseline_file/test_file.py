"""The catalogue on disk: what is written is read, what is wrong is named, nothing is half done."""

import dataclasses
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lm_assets.gateways.baseline_file.file import (
    CatalogueLockedError,
    CatalogueNotWrittenError,
    StaleCatalogueError,
    catalogue_text,
    content_digest,
    read_catalogue,
    write_catalogue,
)
from lm_assets.gateways.baseline_file.format import number, scalar
from lm_assets.gateways.baseline_file.revision import file_revision
from lm_assets.model.baseline import (
    AcknowledgedFinding,
    Baseline,
    BaselineAnchor,
    BaselineCatalogue,
    BaselineStatus,
    MetricBaseline,
    RejectedRun,
)
from lm_assets.model.campaign import Subject
from lm_assets.model.errors import ConfigurationError
from lm_assets_tests.integration.ended import end_for_certain

EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()
MOMENT = "2026-11-22T01:02:03+00:00"


def an_entry(combination="3.5.0_connect_none_read", samples=(1.0, 1.5, 2.0, 2.5, 3.0), **changes):
    values = {
        "combination": combination,
        "status": BaselineStatus.ACTIVE,
        "sample_size": len(samples),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "source_campaigns": ("nightly-2026-11-22-1a2b3c4",),
        "reason": "initial baseline",
        "environment": {"cpu_model": "AMD EPYC 7B13"},
        "metrics": {
            "duration_s": MetricBaseline.of_samples(samples),
            "failed_tasks": MetricBaseline.of_samples([0.0] * len(samples)),
        },
    }
    return Baseline(**{**values, **changes})


def a_catalogue(*entries):
    return BaselineCatalogue(entries={entry.combination: entry for entry in entries})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "baselines" / "load-test-baselines.yaml"


def written(path, *entries):
    return write_catalogue(path, a_catalogue(*entries), content_digest(path))


texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20
) | st.sampled_from(
    ["null", "yes", "3.5", "1e5", "0x10", "2026-11-22", "~", "a: b", "- x", "#", "y"]
)
samples = st.lists(
    st.floats(-1e150, 1e150) | st.integers(-5, 10**16).map(float), min_size=1, max_size=6
)


said = texts.filter(str.strip)
losses = st.none() | st.floats(allow_nan=False, allow_infinity=False)
acknowledgements = st.builds(
    AcknowledgedFinding,
    finding=said,
    by=said,
    at=st.just(MOMENT),
    reason=said,
    loss=losses,
    loss_since_anchor=losses,
)


@st.composite
def entries(draw):
    metrics = draw(st.dictionaries(names, samples, max_size=3))
    size = max([1, *map(len, metrics.values())])
    moments = st.datetimes(timezones=st.timezones()).map(lambda m: m.isoformat())
    anchor = BaselineAnchor(
        set_at=draw(moments),
        source_campaigns=tuple(draw(st.lists(texts, max_size=2))),
        reason=draw(texts),
        samples={name: tuple(values) for name, values in metrics.items()},
    )
    rejected = st.builds(RejectedRun, campaign=texts, run_id=texts, reason=texts)
    mappings = st.dictionaries(texts, texts, max_size=3)
    return Baseline(
        combination=draw(names),
        status=draw(st.sampled_from(BaselineStatus)),
        sample_size=size,
        created_at=draw(moments),
        updated_at=draw(moments),
        source_campaigns=tuple(draw(st.lists(texts, max_size=2))),
        reason=draw(texts),
        subject=Subject(
            git_sha=draw(texts), version_labels=draw(mappings), image_digests=draw(mappings)
        ),
        environment=draw(mappings),
        metrics={name: MetricBaseline.of_samples(values) for name, values in metrics.items()},
        runs=draw(st.just(()) | st.lists(texts, min_size=size, max_size=size).map(tuple)),
        rejected_runs=tuple(draw(st.lists(rejected, max_size=2))),
        allowed_guards=draw(mappings),
        acknowledged_findings=draw(st.dictionaries(texts, acknowledgements, max_size=2)),
        anchor=draw(st.none() | st.just(anchor)),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(entries(), max_size=3))
def test_what_is_written_is_read_back_whatever_the_names_and_numbers(tmp_path, drawn):
    path = tmp_path / "catalogue.yaml"
    new = written(path, *drawn)
    assert read_catalogue(path) == new


@settings(deadline=None)
@given(st.lists(entries(), max_size=3))
def test_any_yaml_reader_sees_the_same_values(drawn):
    document = yaml.safe_load(catalogue_text(a_catalogue(*drawn)))
    expected = {entry.combination: entry for entry in drawn}
    assert set(document["baselines"]) == set(expected)
    for name, entry in expected.items():
        stored = document["baselines"][name]
        assert stored["reason"] == entry.reason
        assert stored["environment"] == entry.environment
        assert {m: tuple(v["samples"]) for m, v in stored["metrics"].items()} == {
            m: v.samples for m, v in entry.metrics.items()
        }


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_a_text_stays_that_text_for_a_safe_yaml_reader(text):
    assert yaml.safe_load(f"- {scalar(text)}") == [text]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_stays_that_number_for_a_safe_yaml_reader(value):
    assert yaml.safe_load(f"- {number(value)}") == [value]


def test_a_missing_file_and_an_empty_one_hold_no_baselines(path):
    assert read_catalogue(path) == BaselineCatalogue(digest=EMPTY_DIGEST)
    path.parent.mkdir()
    path.touch()
    assert read_catalogue(path) == BaselineCatalogue(digest=EMPTY_DIGEST)


def test_the_same_content_is_the_same_text_in_whatever_order_it_came():
    first, second = an_entry("b"), an_entry("a")
    turned = dataclasses.replace(first, metrics=dict(reversed(first.metrics.items())))
    assert catalogue_text(a_catalogue(first, second)) == catalogue_text(a_catalogue(second, turned))


@pytest.mark.parametrize("combinations", [5, 1280])
def test_updating_one_combination_changes_only_its_lines(combinations):
    entries = [an_entry(f"combination-{k:04}") for k in range(combinations)]
    before = catalogue_text(a_catalogue(*entries)).splitlines()
    entries[2] = an_entry("combination-0002", samples=(1.0, 1.5, 2.0, 2.5, 3.25))
    after = catalogue_text(a_catalogue(*entries)).splitlines()
    start, end = before.index("  combination-0002:"), before.index("  combination-0003:")
    assert len(before) == len(after)
    changed = [k for k, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert all(start < k < end for k in changed)
    names = [before[k].partition(":")[0].strip() for k in changed]
    assert names == ["samples", "mean", "stddev", "ci95"]


def test_the_digest_is_that_of_the_files_bytes(path):
    new = written(path, an_entry())
    assert new.digest == hashlib.sha256(path.read_bytes()).hexdigest() == content_digest(path)
    assert read_catalogue(path).digest == new.digest


ACKNOWLEDGED = """\
    acknowledged_findings:
      duration_s:
        finding: PERF-7
        by: ""
        at: 2026-11-22T01:02:03+00:00
        reason: slower but safe
        loss: 0.3
        loss_since_anchor: null
    metrics:"""
CORRUPTIONS = {
    "a changed sample": ("[1, 1.5,", "[1.1, 1.5,", "duration_s.mean", "does not follow"),
    "a changed mean": ("mean: 2\n", "mean: 2.5\n", "duration_s.mean", "must be 2.0, got 2.5"),
    "a changed deviation": ("stddev: 0.7", "stddev: 0.8", "duration_s.stddev", "must be 0.79"),
    "a changed interval": ("ci95: [1.0", "ci95: [0.9", "duration_s.ci95", "does not follow"),
    "a deviation taken away": ("stddev: 0\n", "stddev: null\n", "tasks.stddev", "got null"),
    "an interval of one": ("ci95: [0, 0]", "ci95: [0]", "failed_tasks.ci95", "does not follow"),
    "an unknown status": ("active", "paused", "status", "must be one of"),
    "an unknown key": ("    status:", "    state: x\n    status:", "none_read", "unknown key"),
    "a key taken away": ('    reason: "initial baseline"\n', "", "none_read", "['reason']"),
    "a key twice": ("    status:", "    status: active\n    status:", "none_read", "stands twice"),
    "a size below the samples": ("sample_size: 5", "sample_size: 4", "samples", "or fewer, got 5"),
    "a size of half a run": ("sample_size: 5", "sample_size: 5.5", "sample_size", "whole number"),
    "a moment without a zone": ("+00:00", "", "created_at", "must name its zone"),
    "a moment that is none": ("2026-11-22T01", "2026-13-22T01", "created_at", "month"),
    "a sample that is text": ("[1, 1.5", '["1", 1.5', "samples", "plain decimal number"),
    "a sample that is not finite": ("[1, 1.5", "[.inf, 1.5", "samples", "plain decimal number"),
    "a sample out of all range": ("[1, 1.5", "[1.0e+999, 1.5", "samples", "must lie within"),
    "an octal sample": ("[1, 1.5", "[01, 1.5", "samples", "plain decimal number"),
    "no samples": ("[1, 1.5, 2, 2.5, 3]", "[]", "samples", "at least one value"),
    "a tag": ("status: active", "status: !!python/name:os.system active", "$", "tags"),
    "an anchor and alias": ("status: active", "status: &a active", "$", "anchors"),
    "an alias": ("status: active", "status: *a", "$", "alias"),
    "text for a mapping": ("environment:\n", "environment: x\nold:\n", "$", "is not YAML"),
    "another format": ("format: 1", "format: 2", "format", "must be 1"),
    "a second document": ("format: 1", "a: b\n---\nformat: 1", "$", "second document"),
    "an acknowledgement by nobody": ("    metrics:", ACKNOWLEDGED, "duration_s.by", "not be empty"),
    "a broken line": ("status: active", 'status: "active', "$", "is not YAML"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "where", "rule"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys()
)
def test_a_corrupted_entry_is_refused_with_its_path_and_rule(path, old, new, where, rule):
    written(path, an_entry())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as refusal:
        read_catalogue(path)
    assert refusal.value.path.endswith(where)
    assert rule in refusal.value.rule
    assert refusal.value.file.startswith(f"{path}:")


def test_a_refusal_names_the_line_of_the_bad_value(path):
    written(path, *(an_entry(f"combination-{k}") for k in range(4)))
    lines = path.read_text().splitlines()
    at = lines.index("  combination-2:") + lines[lines.index("  combination-2:") :].index(
        "        mean: 2"
    )
    lines[at] = "        mean: 2.000001"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigurationError) as refusal:
        read_catalogue(path)
    assert refusal.value.file == f"{path}:{at + 1}"
    assert refusal.value.path == "baselines.combination-2.metrics.duration_s.mean"


def test_a_refusal_counts_the_other_bad_entries(path):
    written(path, *(an_entry(f"combination-{k}") for k in range(4)))
    path.write_text(path.read_text().replace("status: active", "status: odd"))
    with pytest.raises(ConfigurationError, match="and 3 more entries are refused, at lines"):
        read_catalogue(path)


def test_an_entry_formatted_by_hand_is_read_like_any_other(path):
    new = written(path, an_entry())
    document = yaml.safe_load(path.read_text())
    for flow in (None, True, False):
        path.write_text(yaml.safe_dump(document, default_flow_style=flow))
        assert read_catalogue(path).entries == new.entries


@pytest.mark.parametrize("depth", [20, 100_000], ids=["deep", "very deep"])
def test_nesting_without_end_is_refused(path, depth):
    path.parent.mkdir()
    path.write_text("[" * depth)
    with pytest.raises(ConfigurationError, match=r"nests deeper|is not YAML"):
        read_catalogue(path)


def test_bytes_that_are_not_utf_8_are_refused_with_their_line(path):
    path.parent.mkdir()
    path.write_bytes(b"format: 1\nbaselines: \xff\n")
    with pytest.raises(ConfigurationError, match=r"yaml:2: .*UTF-8"):
        read_catalogue(path)


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: it is no regular file"):
        read_catalogue(tmp_path)


def test_a_catalogue_that_could_not_be_read_again_is_not_written(path):
    written(path, an_entry("sound"))
    before = path.read_bytes()
    broken = dataclasses.replace(an_entry(), created_at="yesterday")
    with pytest.raises(ConfigurationError, match="created_at"):
        written(path, broken)
    assert path.read_bytes() == before


def test_a_lone_surrogate_is_refused_before_anything_is_written(path):
    with pytest.raises(ValueError, match="U\\+D800"):
        written(path, an_entry(reason="\ud800"))
    assert not path.exists()


def test_a_change_made_from_an_older_content_is_refused(path):
    old = written(path, an_entry())
    newer = written(path, an_entry(reason="someone else's change"))
    with pytest.raises(StaleCatalogueError, match="nothing was written"):
        write_catalogue(path, a_catalogue(an_entry(reason="mine")), old.digest)
    assert read_catalogue(path) == newer


def test_a_writer_that_meets_another_one_is_told_and_writes_nothing(path):
    new = written(path, an_entry())
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CatalogueLockedError, match="another process is writing it"):
            written(path, an_entry(reason="mine"))
    assert read_catalogue(path) == new


def test_the_lock_of_a_writer_that_died_does_not_hold(path):
    path.parent.mkdir()
    path.with_name(f".{path.name}.lock").write_text("left behind")
    new = written(path, an_entry())
    assert read_catalogue(path) == new


def test_nothing_but_the_catalogue_is_left_in_the_folder(path):
    written(path, an_entry())
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_linked_catalogue_stays_a_link_and_permissions_stay(path, tmp_path):
    written(path, an_entry())
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    written(link, an_entry(reason="through the link"))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert read_catalogue(path).entries["3.5.0_connect_none_read"].reason == "through the link"


RACER = textwrap.dedent(
    """
    import dataclasses, sys
    from pathlib import Path
    from lm_assets.gateways.baseline_file.file import (
        CatalogueLockedError, StaleCatalogueError, read_catalogue, write_catalogue
    )
    path, who = Path(sys.argv[1]), sys.argv[2]
    before = read_catalogue(path)
    (entry,) = before.entries.values()
    mine = dataclasses.replace(entry, reason=f"writer {who}")
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        write_catalogue(
            path, dataclasses.replace(before, entries={entry.combination: mine}), before.digest
        )
        print("won")
    except (CatalogueLockedError, StaleCatalogueError) as error:
        print(type(error).__name__)
    """
)


def test_of_writers_at_the_same_moment_one_wins_and_the_others_are_told(path):
    written(path, an_entry())
    racers = {
        who: subprocess.Popen(
            [sys.executable, "-c", RACER, str(path), who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in "abcd"
    }
    try:
        assert [racer.stdout.readline() for racer in racers.values()] == ["ready\n"] * 4
        for racer in racers.values():
            racer.stdin.write("go\n")
            racer.stdin.flush()
        told = {who: racer.communicate(timeout=120)[0].strip() for who, racer in racers.items()}
    finally:
        for racer in racers.values():
            end_for_certain(racer)
    (winner,) = [who for who, outcome in told.items() if outcome == "won"]
    assert set(told.values()) <= {"won", "CatalogueLockedError", "StaleCatalogueError"}
    (entry,) = read_catalogue(path).entries.values()
    assert entry.reason == f"writer {winner}"


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from lm_assets.gateways.baseline_file.file import content_digest
    from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
    import dataclasses
    path, other = Path(sys.argv[1]), Path(sys.argv[2])
    small, large = read_catalogue(path), read_catalogue(other)
    print("ready", flush=True)
    while True:
        for catalogue in (large, small):
            write_catalogue(path, catalogue, content_digest(path))
    """
)


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.11, 0.17, 0.29])
def test_a_writer_killed_in_the_middle_leaves_one_whole_content(path, tmp_path, delay_s):
    small = written(path, an_entry())
    other = tmp_path / "large.yaml"
    large = written(other, *(an_entry(f"combination-{k}") for k in range(200)))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(other)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(delay_s)
        os.kill(writer.pid, signal.SIGKILL)
    assert read_catalogue(path).entries in (small.entries, large.entries)
    # And the next writer is not held up by what the dead one left.
    assert read_catalogue(path).digest in (small.digest, large.digest)
    after = written(path, an_entry(reason="after"))
    assert read_catalogue(path) == after
    assert [item.name for item in path.parent.iterdir()] == [path.name]


HALF_WRITER = textwrap.dedent(
    """
    import resource, signal, sys
    from pathlib import Path
    from lm_assets.gateways.baseline_file.file import (
        CatalogueNotWrittenError, content_digest, read_catalogue, write_catalogue
    )
    path, other = Path(sys.argv[1]), Path(sys.argv[2])
    large = read_catalogue(other)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    half = other.stat().st_size // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (half, half))
    try:
        write_catalogue(path, large, content_digest(path))
    except CatalogueNotWrittenError as error:
        print(error)
    """
)


def test_a_write_that_the_disk_takes_half_of_leaves_the_old_content_and_no_rest(path, tmp_path):
    new = written(path, an_entry())
    other = tmp_path / "large.yaml"
    written(other, *(an_entry(f"combination-{k}") for k in range(50)))
    command = [sys.executable, "-c", HALF_WRITER, str(path), str(other)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert f"{path}: cannot be written: File too large" in told.stdout
    assert read_catalogue(path) == new
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_full_disk_leaves_the_old_content_and_no_rest(path, monkeypatch):
    new = written(path, an_entry())

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CatalogueNotWrittenError, match="No space left on device; the old content"):
        written(path, an_entry(reason="too much"))
    monkeypatch.undo()
    assert read_catalogue(path) == new
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    return subprocess.run(
        [*command, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_revision_is_the_commit_that_last_changed_the_file(path, tmp_path):
    written(path, an_entry())
    assert file_revision(path) is None
    git(tmp_path, "init", "-q")
    assert file_revision(path) is None
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "baselines")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert read_catalogue(path).revision == commit
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "another matter")
    assert read_catalogue(path).revision == commit
    written(path, an_entry(reason="not committed yet"))
    assert read_catalogue(path).revision == f"{commit}-modified"


def test_without_git_there_is_no_revision(path, monkeypatch):
    written(path, an_entry())
    monkeypatch.setenv("PATH", "")
    assert read_catalogue(path).revision == ""


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "baselines").write_text("a file")
    path = tmp_path / "baselines" / "load-test-baselines.yaml"
    with pytest.raises(CatalogueNotWrittenError, match=r"cannot be written: .*; the old content"):
        write_catalogue(path, BaselineCatalogue(), "")


COUNTED = {"tasks": 8, "output_bytes": 1_200_000, "plans": "12345678", "note: odd": 1}


def test_what_the_runs_counted_lies_in_a_file_beside_the_catalogue(path):
    entry = an_entry(behaviour=COUNTED)
    written(path, entry, an_entry("other"))
    assert "output_bytes" not in path.read_text()
    beside = path.with_name("load-test-behaviour.yaml").read_text()
    assert yaml.safe_load(beside)["behaviour"] == {
        entry.combination: {"baseline": MOMENT, **COUNTED}
    }
    assert read_catalogue(path).entries[entry.combination] == entry
    written(path, an_entry(), an_entry("other"))
    assert read_catalogue(path).entries[entry.combination].behaviour == {}


def test_what_belongs_to_another_baseline_says_nothing(path):
    written(path, an_entry(behaviour=COUNTED))
    later = "2026-11-23T01:02:03+00:00"
    path.write_text(path.read_text().replace(f'updated_at: "{MOMENT}"', f'updated_at: "{later}"'))
    (entry,) = read_catalogue(path).entries.values()
    assert (entry.updated_at, entry.behaviour) == (later, {})


def test_a_write_that_is_killed_between_the_two_files_leaves_the_old_baselines(path, monkeypatch):
    written(path, an_entry(behaviour=COUNTED))
    replaced = []

    def replace_once(self, target):
        replaced.append(target)
        if len(replaced) == 2:
            raise OSError(28, "No space left on device")
        os.rename(self, target)  # noqa: PTH104 - Path.replace is what is watched

    monkeypatch.setattr(Path, "replace", replace_once)
    new = an_entry(updated_at="2026-11-23T01:02:03+00:00", behaviour={"tasks": 9})
    with pytest.raises(CatalogueNotWrittenError):
        written(path, new)
    (entry,) = read_catalogue(path).entries.values()
    assert (entry.updated_at, entry.behaviour) == (MOMENT, {})


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("format: 2\nbehaviour: {}\n", r":1: .*must be 1"),
        ("format: 1\nbehaviour:\n  x: {tasks: 8}\n", r":3: .*lacks the required key 'baseline'"),
        (
            "format: 1\nbehaviour:\n  x: {baseline: b, tasks: 0.5}\n",
            r":3: .*must be a whole number",
        ),
        ("format: 1\nbehaviour:\n  x: {baseline: b, plans: why}\n", r":3: .*must be a digest"),
    ],
)
def test_a_side_file_that_breaks_a_rule_is_refused_with_its_line(path, text, rule):
    written(path, an_entry())
    path.with_name("load-test-behaviour.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=rf"load-test-behaviour\.yaml{rule}"):
        read_catalogue(path)


def test_the_nodes_of_the_runs_are_kept(tmp_path):
    nodes = {"run-1": "worker-1", "run-2": "worker: 2"}
    entry = an_entry(runs=("run-1", "run-2", "run-3", "run-4", "run-5"), nodes=nodes)
    file = tmp_path / "baselines.yaml"
    file.write_text(catalogue_text(BaselineCatalogue(entries={entry.combination: entry})))
    assert read_catalogue(file).entries[entry.combination].nodes == nodes
