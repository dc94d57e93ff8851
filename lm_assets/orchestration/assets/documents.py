"""The four report layers of a campaign, each an object under ``reports/``."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg
import pandas as pd

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.model.addresses import Addresses
from lm_assets.orchestration import metadata
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.report_material import ReportMaterials
from lm_assets.reports.detailed import detailed_pdf
from lm_assets.reports.executive import executive_markdown
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.raw_data import raw_jsonl
from lm_assets.reports.technical import technical_html


@dataclass(frozen=True, kw_only=True)
class ReportLayer:
    """One layer: the asset's name and text, the object's name and type, and what renders it."""

    asset: str
    description: str
    file_name: str
    content_type: str
    kind: str
    render: Callable[[ReportMaterial], bytes]


LAYERS = (
    ReportLayer(
        asset="executive_summary",
        description="One screen of Markdown: the verdict first, then what, where and how sure.",
        file_name="executive.md",
        content_type="text/markdown; charset=utf-8",
        kind="markdown",
        render=lambda material: executive_markdown(material).encode(),
    ),
    ReportLayer(
        asset="technical_report",
        description="One self-contained HTML file: every cell with its interval and its samples.",
        file_name="technical.html",
        content_type="text/html; charset=utf-8",
        kind="html",
        render=lambda material: technical_html(material).encode(),
    ),
    ReportLayer(
        asset="detailed_report",
        description="PDF with contents and a section for every combination.",
        file_name="detailed.pdf",
        content_type="application/pdf",
        kind="pdf",
        render=detailed_pdf,
    ),
    ReportLayer(
        asset="raw_data_export",
        description="Every verdict, finding and summary as JSON lines.",
        file_name="raw.jsonl",
        content_type="application/jsonl",
        kind="json",
        render=raw_jsonl,
    ),
)


def _report_asset(layer: ReportLayer) -> dg.AssetsDefinition:
    @dg.asset(
        name=layer.asset,
        description=layer.description,
        partitions_def=campaign_partitions,
        deps=["regression_causes"],
        group_name="reports",
        kinds={layer.kind, "s3"},
    )
    def report(
        context: dg.AssetExecutionContext,
        raw_metrics: pd.DataFrame,
        statistical_summaries: pd.DataFrame,
        regression_verdicts: pd.DataFrame,
        bucket: dg.ResourceParam[CampaignBucket],
        report_materials: dg.ResourceParam[ReportMaterials],
        addresses: dg.ResourceParam[Addresses],
    ) -> dg.MaterializeResult:
        campaign = context.partition_key
        frames = (raw_metrics, statistical_summaries, regression_verdicts)
        content = layer.render(report_materials.of(campaign, frames))
        key = bucket.write_report(campaign, layer.file_name, content, layer.content_type)
        address = addresses.report(campaign, layer.file_name)
        return dg.MaterializeResult(
            metadata=metadata.of_report(key, content, layer.content_type, address=address)
        )

    return report


report_assets = [_report_asset(layer) for layer in LAYERS]
