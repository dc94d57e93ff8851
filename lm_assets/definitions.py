"""The code location: assembles everything and implements nothing."""

import os

import dagster as dg

from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.combination import Matrix
from lm_assets.orchestration import checks, jobs, resources, schedules, sensors, verdict_checks
from lm_assets.orchestration.assets import (
    alerts,
    baseline_catalogue,
    campaign_index,
    causes,
    combinations,
    confirmation,
    documents,
    event_logs,
    judgement,
    metrics,
    proposals,
)
from lm_assets.orchestration.io_managers import campaign_tables


def build_definitions(matrix: Matrix) -> dg.Definitions:
    """Return the whole platform for a matrix; nothing is connected until a run or a tick starts."""
    return dg.Definitions(
        assets=[
            metrics.incoming_results,
            event_logs.event_log_readings,
            metrics.raw_metrics,
            metrics.statistical_summaries,
            baseline_catalogue.baseline_catalogue,
            confirmation.incoming_confirmations,
            confirmation.confirmation_runs,
            confirmation.confirmation_request,
            judgement.regression_verdicts,
            judgement.version_comparison,
            causes.regression_causes,
            proposals.baseline_proposal,
            alerts.alert_states,
            alerts.regression_alerts,
            *documents.report_assets,
            campaign_index.campaign_index,
            *combinations.combination_assets(matrix),
        ],
        asset_checks=[*checks.ALL, *verdict_checks.ALL],
        jobs=[*jobs.ALL, *schedules.JOBS],
        sensors=sensors.ALL,
        schedules=schedules.ALL,
        resources={**resources.ALL, "io_manager": campaign_tables},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the platform for the configured matrix."""
    return build_definitions(
        load_configuration(resources.configuration_directory(os.environ)).matrix
    )
