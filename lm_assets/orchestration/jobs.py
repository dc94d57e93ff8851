"""Jobs: selections of assets that run together, in one process each but for the sharded one.

One campaign is one run. The in-process executor is also the code location's own (see
``definitions``), because runs from the UI and from backfills ignore a job's executor.
"""

import dagster as dg

from lm_assets.orchestration.executors import deployment_executor

CAMPAIGN_ASSET_NAMES = (
    "raw_metrics",
    "statistical_summaries",
    "confirmation_runs",
    "regression_verdicts",
    "regression_causes",
    "confirmation_request",
    "alert_states",
    "regression_alerts",
    "executive_summary",
    "technical_report",
    "detailed_report",
    "raw_data_export",
    "campaign_index",
    "version_comparison",
    "baseline_proposal",
)
CAMPAIGN_ASSETS = dg.AssetSelection.assets(*CAMPAIGN_ASSET_NAMES)

campaign_job = dg.define_asset_job(
    "campaign_job",
    selection=CAMPAIGN_ASSETS,
    executor_def=dg.in_process_executor,
    description="A landed campaign from its result files to verdicts, alerts and reports.",
)

sharded_campaign_job = dg.define_asset_job(
    "sharded_campaign_job",
    selection=CAMPAIGN_ASSETS | dg.AssetSelection.assets("event_log_readings"),
    executor_def=deployment_executor,
    # Only this run's own pod makes others.
    tags={"dagster-k8s/config": {"pod_spec_config": {"automount_service_account_token": True}}},
    description="The same for a campaign whose event logs are more than one process should read.",
)

judgement_job = dg.define_asset_job(
    "judgement_job",
    # The alerts follow the new judgement; what of it is still so is told by the clock of alerts.
    selection=(dg.AssetSelection.assets("regression_verdicts").downstream() & CAMPAIGN_ASSETS)
    - dg.AssetSelection.assets("regression_alerts"),
    executor_def=dg.in_process_executor,
    description="A collected campaign judged anew, after the baselines have changed.",
)

confirmation_job = dg.define_asset_job(
    "confirmation_job",
    selection=dg.AssetSelection.assets("confirmation_runs").downstream() & CAMPAIGN_ASSETS,
    executor_def=dg.in_process_executor,
    description="A collected campaign judged anew, after fresh runs of its suspected cells landed.",
)

HISTORY_ASSETS = dg.AssetSelection.assets(
    "raw_metrics",
    "statistical_summaries",
    "confirmation_runs",
    "regression_verdicts",
    "regression_causes",
    "alert_states",
    "technical_report",
).without_checks()

history_job = dg.define_asset_job(
    "history_job",
    selection=HISTORY_ASSETS,
    executor_def=dg.in_process_executor,
    description="A campaign of the past, stored and judged; alerts live on, nobody is told.",
)

combination_job = dg.define_asset_job(
    "combination_job",
    selection=dg.AssetSelection.assets("baselines", "combination_history"),
    executor_def=dg.in_process_executor,
    description="Baseline and history of a combination.",
)

ALL = [
    campaign_job,
    sharded_campaign_job,
    judgement_job,
    confirmation_job,
    history_job,
    combination_job,
]
