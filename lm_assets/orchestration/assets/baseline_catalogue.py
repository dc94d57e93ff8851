"""The reviewed baselines as a source: the file is changed by people, and observed here."""

import dagster as dg

from lm_assets.gateways.baseline_file.file import content_digest
from lm_assets.gateways.baseline_file.revision import file_revision
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration.baseline_metadata import of_catalogue


@dg.observable_source_asset(
    group_name="baselines",
    description="The version-controlled YAML of accepted samples; its data version is its digest.",
)
def baseline_catalogue(settings: dg.ResourceParam[Configuration]) -> dg.ObserveResult:
    """Reviewed baselines of every combination."""
    digest = content_digest(settings.baselines_path)
    return dg.ObserveResult(
        data_version=dg.DataVersion(digest),
        metadata=of_catalogue(digest, file_revision(settings.baselines_path)),
    )
