"""What is said of a change, by what was done to the application."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lm_assets.model.application_profile import ExecutionProfile, ExecutorProfile
from lm_assets.regression.causes.explain import explain_change
from lm_assets_tests.regression.causes.profiles import (
    a_plan,
    a_stage,
    an_application,
    some_runs,
    with_settings,
)


def usual(noise=1.0, *, join=3_000.0, sums=None, **options):
    return an_application(
        [
            a_stage("scan", 1_000.0 * noise, sums={"input_rows": 1_000, "shuffle_write_rows": 900}),
            a_stage("join", join * noise, sums={"shuffle_read_rows": 900} | (sums or {})),
            a_stage("sort", 800.0 * noise, sums={"shuffle_read_rows": 100}),
        ],
        **options,
    )


BASELINE = some_runs(usual)


class TestNoChange:
    def test_of_the_same_work_gives_no_cause(self):
        found = explain_change(BASELINE, some_runs(usual, seed=2))
        assert found.causes == ()
        assert found.coverage == 1.0
        assert "no clear change" in found.summary

    def test_of_settings_that_vary_by_their_nature_says_nothing(self):
        runs = [with_settings(run, spark__app__id=str(n)) for n, run in enumerate(BASELINE)]
        runs = [replace(run, volatile=("spark.app.id",)) for run in runs]
        assert explain_change(runs, runs[:1]).settings == ()


class TestOneSlowerStage:
    def test_is_named_with_its_share_and_its_interval(self):
        found = explain_change(BASELINE, some_runs(lambda n: usual(n, join=6_000.0)))
        (cause,) = found.causes
        assert cause.stage == "join"
        assert cause.evidence == "statistical"
        assert cause.share == pytest.approx(1.0, abs=0.1)
        low, high = cause.share_ci95
        assert low < cause.share < high

    def test_in_one_run_is_no_cause_for_a_machine_may_have_stalled(self):
        found = explain_change(BASELINE, [usual(1.0, join=12_000.0)])
        assert found.change.is_clear
        assert found.causes == ()
        assert "one current run: by its time alone no stage is a cause" in found.unknown

    def test_is_no_cause_where_every_stage_changed_alike(self):
        def busier(noise):
            return usual(noise * 1.2)

        found = explain_change(BASELINE, some_runs(busier))
        assert found.causes == ()
        assert any("no stage stands out" in text for text in found.unknown)


class TestCounters:
    def test_that_agree_in_the_baseline_are_exact_evidence_at_one_run(self):
        (current,) = some_runs(lambda n: usual(n, sums={"tasks": 400}), n=1)
        found = explain_change(BASELINE, [current])
        assert found.causes[0].kind == "tasks"
        assert found.causes[0].evidence == "exact"
        assert "8 → 400" in found.causes[0].statement

    def test_of_two_baseline_runs_are_observed_and_not_exact(self):
        (current,) = some_runs(lambda n: usual(n, sums={"tasks": 400}), n=1)
        found = explain_change(BASELINE[:2], [current])
        assert found.causes[0].evidence == "observed"
        assert any("takes 3 that agree" in text for text in found.unknown)

    def test_that_vary_in_the_baseline_are_statistical(self):
        jittered = [
            usual(1.0, sums={"shuffle_read_rows": 900 + n, "tasks": 8 + n % 3}) for n in range(5)
        ]
        current = [usual(1.0, sums={"shuffle_read_rows": 950, "tasks": 40 + n}) for n in range(5)]
        found = explain_change(jittered, current)
        assert {cause.evidence for cause in found.causes} == {"statistical"}
        assert found.causes[0].kind == "tasks"

    def test_that_only_some_current_runs_differ_in_are_not_exact(self):
        current = [usual(1.0, sums={"tasks": 8 if n else 9}) for n in range(5)]
        assert explain_change(BASELINE, current).causes == ()

    def test_of_more_rows_read_put_what_follows_down_to_the_data(self):
        def grown(noise):
            return an_application(
                [
                    a_stage("scan", 1_500 * noise, sums={"input_rows": 1_500}),
                    a_stage("join", 4_500 * noise, sums={"shuffle_read_rows": 1_350}),
                    a_stage("sort", 800 * noise, sums={"shuffle_read_rows": 100}),
                ]
            )

        (cause,) = explain_change(BASELINE, some_runs(grown)).causes
        assert cause.kind == "input_volume"
        assert cause.share == pytest.approx(1.0, abs=0.1)

    def test_of_one_task_with_most_rows_are_told_as_skew(self):
        before = some_runs(lambda n: usual(n, sums={"largest_task_rows": 100}))
        after = some_runs(lambda n: usual(n, join=6_000.0, sums={"largest_task_rows": 700}))
        assert explain_change(before, after).causes[0].kind == "skew"

    @pytest.mark.parametrize(
        ("sums", "kind"),
        [
            pytest.param({"tasks": 12, "largest_task_rows": 600}, "skew", id="one task has most"),
            pytest.param({"tasks": 80, "largest_task_rows": 20}, "tasks", id="cut small"),
            pytest.param({"tasks": 1, "largest_task_rows": 900}, "tasks", id="all in one task"),
        ],
    )
    def test_of_tasks_that_follow_from_skew_are_told_as_skew(self, sums, kind):
        rows = {"shuffle_read_rows": 900}
        before = some_runs(lambda n: usual(n, sums={**rows, "tasks": 8, "largest_task_rows": 120}))
        after = some_runs(lambda n: usual(n, join=6_000.0, sums={**rows, **sums}))
        assert explain_change(before, after).causes[0].kind == kind

    def test_of_copies_of_tasks_are_not_taken_for_more_tasks_or_more_data(self):
        copies = {"tasks": 11, "killed_tasks": 3, "speculative_tasks": 3, "input_rows": 1_300}
        after = some_runs(lambda n: usual(n, join=6_000.0, sums=copies))
        before = some_runs(lambda n: usual(n, sums={"tasks": 8, "input_rows": 1_000}))
        first = explain_change(before, after).causes[0]
        assert (first.kind, first.evidence) == ("speculation", "exact")
        assert first.statement.startswith("speculative copies of tasks 0 → 3")

    @pytest.mark.parametrize(
        ("now", "is_cause"),
        [
            pytest.param(1_040, True, id="a little more, and slower"),
            pytest.param(960, False, id="a little less, and slower all the same"),
            pytest.param(500, True, id="half of it: packed harder"),
        ],
    )
    def test_of_bytes_are_a_cause_where_they_can_be(self, now, is_cause):
        before = some_runs(lambda n: usual(n, sums={"shuffle_write_bytes": 1_000}))
        after = some_runs(lambda n: usual(n, join=6_000.0, sums={"shuffle_write_bytes": now}))
        kinds = [cause.kind for cause in explain_change(before, after).causes]
        assert ("shuffle_volume" in kinds) is is_cause
        assert kinds

    @pytest.mark.parametrize(
        ("now", "kinds"),
        [
            pytest.param({"tasks": 120}, {"tasks"}, id="cut otherwise"),
            pytest.param({}, {"shuffle_volume"}, id="nothing else changed"),
        ],
    )
    def test_of_shuffle_bytes_follow_from_how_the_query_is_cut(self, now, kinds):
        def shuffling(noise, written, **sums):
            run = usual(noise, sums=sums)
            scan = replace(
                run.stages[0], sums=run.stages[0].sums | {"shuffle_write_bytes": written}
            )
            return replace(run, stages=(scan, *run.stages[1:]))

        before = some_runs(lambda n: shuffling(n, 1_000))
        after = some_runs(lambda n: shuffling(n, 1_500, **now))
        assert {cause.kind for cause in explain_change(before, after).causes} == kinds

    @pytest.mark.parametrize(
        ("written", "kinds"),
        [
            pytest.param(1_500, {"skew"}, id="what the skewed stage reads"),
            pytest.param(1_700, {"skew", "shuffle_volume"}, id="what another reads"),
        ],
    )
    def test_of_shuffle_bytes_follow_across_jobs_from_who_reads_them(self, written, kinds):
        def jobs(noise, read, wrote, largest):
            stages = [
                a_stage("map", 900.0 * noise, sums={"shuffle_write_bytes": wrote}),
                a_stage(
                    "group",
                    2_000.0 * noise,
                    execution=1,
                    sums={
                        "shuffle_read_rows": 800,
                        "shuffle_read_bytes": read,
                        "largest_task_rows": largest,
                    },
                ),
            ]
            names = [ExecutionProfile(description=name, kind="job") for name in ("map", "group")]
            return replace(an_application(stages), executions=tuple(names), plans={})

        before = some_runs(lambda n: jobs(n, 1_000, 1_000, 100))
        after = some_runs(lambda n: jobs(n, 1_500, written, 500))
        assert {cause.kind for cause in explain_change(before, after).causes} == kinds

    def test_of_the_same_rows_cut_into_more_tasks_are_no_skew(self):
        before = some_runs(lambda n: usual(n, sums={"tasks": 1, "largest_task_rows": 900}))
        after = some_runs(lambda n: usual(n, sums={"tasks": 8, "largest_task_rows": 300}))
        assert {cause.kind for cause in explain_change(before, after).causes} == {"tasks"}

    def test_of_files_that_make_tasks_are_told_as_files_with_what_follows(self):
        def reading(noise, files, tasks, rows):
            stages = [
                a_stage(
                    "scan",
                    1_000.0 * noise,
                    sums={
                        "tasks": tasks,
                        "input_rows": 1_000,
                        "input_bytes": 9_000,
                        "shuffle_write_rows": rows,
                    },
                ),
                a_stage(
                    "join",
                    3_000.0 * noise,
                    sums={"shuffle_read_rows": rows, "largest_task_rows": rows // 2},
                ),
            ]
            run = an_application(stages)
            counted = replace(run.executions[0], figures={"1": {"files_read": files}})
            return replace(run, executions=(counted,))

        before = some_runs(lambda n: reading(n, 2, 2, 400))
        after = some_runs(lambda n: reading(n, 80, 3, 600))
        (cause,) = explain_change(before, after).causes
        assert cause.kind == "files"
        assert cause.statement == "files read 2 → 80 in scan and in 1 more stage"
        assert "tasks 2 → 3" in cause.details

    def test_of_a_query_that_runs_more_often_are_told_as_its_runs(self):
        def runs_of_it(noise, times):
            stages = [
                a_stage(
                    key,
                    clock_ms * noise,
                    execution=time,
                    sums={"input_rows": 1_000, "tasks": 8},
                )
                for time in range(times)
                for key, clock_ms in (("scan", 100.0), ("sort", 900.0))
            ]
            run = an_application(stages)
            counted = replace(run.executions[0], figures={"1": {"files_read": 4}})
            return replace(run, executions=(counted,) * times)

        before = some_runs(lambda n: runs_of_it(n, 2))
        after = some_runs(lambda n: runs_of_it(n, 4))
        found = explain_change(before, after)
        (cause,) = found.causes
        assert (cause.kind, cause.evidence) == ("repeats", "exact")
        assert cause.statement == "runs of the stage 2 → 4 in sort and in 1 more stage"
        assert found.coverage == 1.0

    def test_of_files_that_a_new_query_reads_are_not_told_for_the_query(self):
        def with_count(noise):
            run = usual(noise)
            scan = a_stage("Scan orc", 900.0 * noise, execution=1, sums={"input_bytes": 4_000})
            counting = ExecutionProfile(
                description="count at job.py", plan="count", figures={"0": {"files_read": 4}}
            )
            return replace(
                run,
                plans={**run.plans, "count": a_plan("Scan orc")},
                executions=(*run.executions, counting),
                stages=(*run.stages, scan),
            )

        (cause,) = explain_change(BASELINE, some_runs(with_count)).causes
        assert (cause.kind, cause.statement) == ("new_stage", "new: Scan orc")

    def test_of_a_job_with_another_name_are_compared_with_those_in_its_place(self):
        def jobs(noise, name, written):
            write = a_stage(
                name,
                1_000.0 * noise,
                execution=0,
                operators=("parallelize",),
                sums={"shuffle_write_bytes": written},
            )
            read = a_stage("read", 500.0 * noise, execution=1, sums={"shuffle_read_bytes": written})
            named = (name, "count at job.py")
            executions = tuple(ExecutionProfile(description=n, kind="job") for n in named)
            return replace(an_application([write, read]), executions=executions, plans={})

        before = some_runs(lambda n: jobs(n, "reduceByKey at job.py", 4_000))
        after = some_runs(lambda n: jobs(2.0 * n, "groupByKey at job.py", 400_000))
        found = explain_change(before, after)
        (cause,) = found.causes
        assert (cause.kind, cause.stage) == ("shuffle_volume", "parallelize")
        assert found.coverage == 1.0

    def test_of_runs_of_which_not_all_is_known_are_no_evidence(self):
        cut = replace(usual(sums={"tasks": 5}), incomplete=("the log breaks off",))
        found = explain_change(BASELINE, [cut])
        assert (found.causes, found.counters) == ((), ())
        assert "current: the log breaks off" in found.unknown

    @pytest.mark.parametrize(
        ("copies", "kinds"), [pytest.param(3, ["speculation"]), pytest.param(0, [])]
    )
    def test_of_copies_of_tasks_are_shown_by_what_was_seen_of_them(self, copies, kinds):
        cut = replace(
            usual(sums={"speculative_tasks": copies, "killed_tasks": copies}),
            incomplete=("1 task attempt began or succeeded without an end in the log",),
        )
        assert [cause.kind for cause in explain_change(BASELINE, [cut, cut]).causes] == kinds


class TestAnotherPlan:
    def replanned(self, noise, **options):
        stages = [
            a_stage("scan", 1_000.0 * noise, sums={"input_rows": 1_000, "shuffle_write_rows": 900}),
            a_stage("exchange", 2_500.0 * noise, operators=("Exchange",)),
            a_stage("merge", 4_000.0 * noise, operators=("SortMergeJoin", "join")),
            a_stage("sort", 800.0 * noise, sums={"shuffle_read_rows": 100}),
        ]
        return an_application(stages, plan=("SortMergeJoin", "Exchange", "Scan parquet"), **options)

    def test_is_exact_evidence_and_carries_what_was_re_planned(self):
        found = explain_change(BASELINE, some_runs(self.replanned))
        first = found.causes[0]
        assert (first.kind, first.evidence) == ("plan_changed", "exact")
        assert "SortMergeJoin" in first.statement
        assert first.share == pytest.approx(1.0, abs=0.1)
        assert found.plans[0].added == ("SortMergeJoin", "Exchange")

    def test_says_which_rows_a_join_keeps_now(self):
        def joined(noise, kind, *names):
            run = usual(noise, plan=names)
            ((digest, nodes),) = run.plans.items()
            detail = f"BroadcastHashJoin [k], [k], {kind}, BuildRight, false"
            return replace(run, plans={digest: (replace(nodes[0], detail=detail), *nodes[1:])})

        inner = ("BroadcastHashJoin", "Filter", "Scan parquet")
        before = some_runs(lambda n: joined(n, "Inner", *inner))
        after = some_runs(lambda n: joined(n, "LeftOuter", "BroadcastHashJoin", "Scan parquet"))
        (cause,) = explain_change(before, after).causes
        said = "now BroadcastHashJoin (Inner → LeftOuter) in place of Filter"
        assert (cause.kind, cause.statement) == ("plan_changed", said)

    def test_names_the_setting_that_explains_it_and_not_the_other(self):
        current = [
            with_settings(run, spark__sql__adaptive__enabled="false", spark__x="2")
            for run in some_runs(self.replanned)
        ]
        before = [
            with_settings(run, spark__sql__adaptive__enabled="true", spark__x="1")
            for run in BASELINE
        ]
        found = explain_change(before, current)
        assert {s.name: s.relation for s in found.settings} == {
            "spark.sql.adaptive.enabled": "explains",
            "spark.x": "also_differs",
        }
        assert "spark.sql.adaptive.enabled true → false" in found.causes[0].statement

    @pytest.mark.parametrize(
        ("before", "now", "said"),
        [
            ("[IsNotNull(", "[IsNotNull", "Scan parquet (Batched true → false)"),
            (
                "[IsNotNull(v)], Format: Parquet",
                "[EqualTo(v)], Format: Parquet",
                "Scan parquet (Batched true → false, PushedFilters [IsNotNull(v)] → [EqualTo(v)])",
            ),
        ],
    )
    def test_says_nothing_of_where_an_operators_text_was_cut(self, before, now, said):
        def scanning(noise, batched, filters):
            run = usual(noise, plan=("Join", f"Scan {batched}"))
            detail = f"Scan parquet Batched: {batched}, PushedFilters: {filters}"
            (digest,) = run.plans
            join, scan = run.plans[digest]
            scan = replace(scan, name="Scan parquet", detail=detail, shape=batched)
            return replace(run, plans={digest: (join, scan)})

        found = explain_change(
            some_runs(lambda n: scanning(n, "true", before)),
            some_runs(lambda n: scanning(n, "false", now)),
        )
        assert found.plans[0].added == (said,)

    def test_names_all_settings_of_the_one_thing_that_differs(self):
        def slower(noise):
            return usual(noise * 1.6)

        current = [
            with_settings(
                run,
                spark__dynamicAllocation__enabled="true",
                spark__dynamicAllocation__minExecutors="1",
            )
            for run in some_runs(slower)
        ]
        found = explain_change(BASELINE, current)
        assert {s.relation for s in found.settings} == {"explains"}
        assert "spark.dynamicAllocation.enabled not set → true" in found.causes[0].statement

    def test_of_several_queries_that_lost_their_cache_is_one_cause(self):
        def queries(noise, reader):
            plans = {f"{n}-{reader}": a_plan(f"Aggregate{n}", reader) for n in range(3)}
            stages = [
                a_stage(
                    f"{n}-{reader}", 900.0 * noise, execution=n, operators=(reader, "Aggregate")
                )
                for n in range(3)
            ]
            return replace(
                an_application(stages),
                plans=plans,
                executions=tuple(
                    ExecutionProfile(description=f"query {n}", plan=plan)
                    for n, plan in enumerate(plans)
                ),
            )

        cached = some_runs(lambda n: queries(n, "InMemoryTableScan"))
        read = some_runs(lambda n: queries(2.0 * n, "Scan parquet"))
        (cause,) = explain_change(cached, read).causes
        assert (cause.kind, cause.evidence) == ("cache", "exact")
        assert cause.statement.endswith("in place of InMemoryTableScan in 3 queries")

    def test_is_found_with_settings_hidden(self):
        found = explain_change(BASELINE, some_runs(self.replanned), hide_settings=True)
        assert found.settings == ()
        assert found.causes[0].kind == "plan_changed"


class TestKeptData:
    @staticmethod
    def keeping(noise, kept, *, rows=1_000):
        run = usual(noise)
        read = replace(
            run.stages[0],
            kept_data=kept,
            sums=run.stages[0].sums | {"input_rows": rows, "input_bytes": 10 * rows},
        )
        return replace(
            run, stages=(read, *(replace(stage, kept_data=()) for stage in run.stages[1:]))
        )

    @pytest.mark.parametrize(
        ("before", "now", "said"),
        [
            (("map (memory)",), (), "data is no longer cached: map (memory)"),
            ((), ("map (memory)",), "data is cached now: map (memory)"),
            (
                ("map (memory)",),
                ("map (disk)",),
                "data is cached otherwise: map (memory) → map (disk)",
            ),
        ],
    )
    def test_that_is_kept_otherwise_is_a_cause_and_its_rows_are_none(self, before, now, said):
        found = explain_change(
            some_runs(lambda n: self.keeping(n, before)),
            some_runs(lambda n: self.keeping(n, now, rows=2_000)),
        )
        (cause,) = found.causes
        assert (cause.kind, cause.evidence) == ("cache", "exact")
        assert cause.statement == f"{said} in scan"
        assert "rows read 1 000 → 2 000" in cause.details

    def test_of_which_one_side_does_not_tell_is_no_evidence(self):
        found = explain_change(
            some_runs(lambda n: self.keeping(n, None)),
            some_runs(lambda n: self.keeping(n, ("map (memory)",))),
        )
        assert found.causes == ()

    def test_that_any_current_run_keeps_as_before_is_no_evidence(self):
        kept = [("map (memory)",), (), (), (), ()]
        found = explain_change(
            some_runs(lambda n: self.keeping(n, ("map (memory)",))),
            [self.keeping(1.0, names) for names in kept],
        )
        assert found.causes == ()

    def test_that_other_runs_keep_together_is_no_evidence(self):
        apart = [("map (memory)",), ("join (memory)",)]
        found = explain_change(
            [self.keeping(1.0, apart[number % 2]) for number in range(5)],
            some_runs(lambda n: self.keeping(n, ("map (memory)", "join (memory)"))),
        )
        assert found.causes == ()


class TestFunctions:
    @staticmethod
    def calling(noise, *names, known=True):
        run = usual(noise)
        return replace(
            run,
            stages=tuple(
                replace(stage, functions=names if stage.key == "scan" else ()) if known else stage
                for stage in run.stages
            ),
        )

    @pytest.mark.parametrize(
        ("now", "said"),
        [
            (("clean",), "now calls clean() in place of concat(), upper() in scan"),
            (("concat", "upper", "sha2"), "now calls sha2() as well in scan"),
            (("upper",), "no longer calls concat() in scan"),
        ],
    )
    def test_that_came_or_went_in_the_same_operators_are_a_cause(self, now, said):
        found = explain_change(
            some_runs(lambda n: self.calling(n, "concat", "upper")),
            some_runs(lambda n: self.calling(n, *now)),
        )
        assert [(c.kind, c.evidence, c.statement) for c in found.causes] == [
            ("plan_changed", "exact", said)
        ]

    def test_before_and_after_an_exchange_are_one_cause(self):
        def aggregating(noise, name):
            run = usual(noise)
            calls = {"scan": (f"partial_{name}",), "join": (name,), "sort": ()}
            return replace(
                run, stages=tuple(replace(s, functions=calls[s.key]) for s in run.stages)
            )

        found = explain_change(
            some_runs(lambda n: aggregating(n, "sum")),
            some_runs(lambda n: aggregating(n, "stddev")),
        )
        (cause,) = found.causes
        assert cause.statement == "now calls stddev() in place of sum() in scan and in 1 more stage"

    def test_that_a_profile_of_before_does_not_tell_are_no_evidence(self):
        found = explain_change(
            some_runs(lambda n: self.calling(n, known=False)),
            some_runs(lambda n: self.calling(n, "clean")),
        )
        assert found.causes == ()


class TestStragglers:
    def test_are_called_so(self):
        def straggling(noise):
            slow = a_stage(
                "join", 6_000.0 * noise, sums={"shuffle_read_rows": 900}, max_ms=3_500.0 * noise
            )
            run = usual(noise)
            return an_application([run.stages[0], slow, run.stages[2]])

        (cause,) = explain_change(BASELINE, some_runs(straggling)).causes
        assert cause.kind == "straggler"


class TestASlowHost:
    def on_hosts(self, noise, slowdown):
        hosts = tuple(
            ExecutorProfile(
                executor_id=str(n),
                host=f"host-{n}",
                cores=1,
                tasks=20,
                run_time_ms=int(1_000 * factor * noise),
                expected_ms=1_000 * noise,
            )
            for n, factor in enumerate((1.0, slowdown, 1.02))
        )
        run = usual(noise * (1.0 + 0.4 * (slowdown - 1.0)))
        return replace(run, executors=hosts)

    def test_is_named_before_the_stages_that_it_slowed(self):
        before = some_runs(lambda n: self.on_hosts(n, 1.03))
        after = some_runs(lambda n: self.on_hosts(n, 2.2))
        first = explain_change(before, after).causes[0]
        assert first.kind == "slow_host"
        assert "host-1" in first.statement

    @pytest.mark.parametrize(
        ("slowdown", "kinds"),
        [pytest.param(2.2, ["slow_host"], id="plainly"), pytest.param(1.4, [], id="a little")],
    )
    def test_that_is_plainly_slow_is_named_without_a_share_in_a_change_that_is_not_clear(
        self, slowdown, kinds
    ):
        def busy(noise, slowdown, *, load):
            hosts = self.on_hosts(noise, slowdown).executors
            return replace(usual(load), executors=hosts)

        before = some_runs(lambda n: busy(n, 1.03, load=n**15))
        after = some_runs(lambda n: busy(n, slowdown, load=n**15), seed=2)
        found = explain_change(before, after)
        assert not found.change.is_clear
        assert [(cause.kind, cause.share) for cause in found.causes] == [(k, None) for k in kinds]


class TestMovedWork:
    def test_is_no_regression(self):
        def moved(noise):
            return an_application(
                [
                    a_stage("scan", 3_000.0 * noise, sums={"input_rows": 1_000}),
                    a_stage("join", 1_000.0 * noise, sums={"shuffle_read_rows": 900}),
                    a_stage("sort", 800.0 * noise, sums={"shuffle_read_rows": 100}),
                ]
            )

        before = [
            replace(
                run,
                stages=(replace(run.stages[0], sums=moved(1.0).stages[0].sums), *run.stages[1:]),
            )
            for run in BASELINE
        ]
        found = explain_change(before, some_runs(moved))
        assert {part.kind for part in found.parts if part.label in {"scan", "join"}} == {"moved"}
        assert not any(cause.evidence == "statistical" for cause in found.causes)


def test_a_long_chain_of_shuffles_is_followed_to_its_end():
    def chained(noise, times):
        run = usual(noise)
        return replace(
            run,
            stages=tuple(
                replace(
                    run.stages[0],
                    key=f"link {number}",
                    sums=run.stages[0].sums
                    | {
                        "tasks": 20 * times if number == 0 else 20,
                        "shuffle_read_rows": (999 + number) * times,
                        "shuffle_write_rows": (1_000 + number) * times,
                    },
                )
                for number in range(500)
            ),
        )

    before, now = some_runs(lambda n: chained(n, 1)), some_runs(lambda n: chained(n, 2))
    (cause,) = explain_change(before, now).causes
    assert cause.kind == "tasks"
    assert cause.statement.endswith("and in 499 more stages")


@settings(max_examples=60, deadline=None)
@given(
    factors=st.lists(st.floats(0.2, 5.0), min_size=3, max_size=3),
    gap=st.floats(0.0, 5_000.0),
    n=st.integers(1, 5),
)
def test_the_bars_sum_to_the_change_whatever_it_is(factors, gap, n):
    def changed(noise):
        stages = [
            replace(stage, clock_ms=stage.clock_ms * factor)
            for stage, factor in zip(usual(noise).stages, factors, strict=True)
        ]
        return an_application(stages, driver_gap_ms=gap)

    found = explain_change(BASELINE, some_runs(changed, n))
    total = sum(part.change_s for part in found.parts)
    assert total == pytest.approx(found.change.change_s, abs=1e-6)
    for part in found.parts:
        if part.inside:
            inner = sum(inside.change_s for inside in part.inside)
            assert inner == pytest.approx(part.change_s, abs=0.006)


def test_a_side_without_runs_is_refused():
    with pytest.raises(ValueError, match="current must have at least one run"):
        explain_change(BASELINE, [])
