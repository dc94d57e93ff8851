"""The demo's own first baselines are kept in git: `lm baseline init` makes exactly that file."""

from pathlib import Path

from lm_assets.cli.platform.demo_run import BASELINE, initial_plan
from lm_assets.collect.collector import collect_campaign
from lm_assets.gateways.baseline_file.file import catalogue_text, read_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import BASELINES_FILE, load_configuration
from lm_assets.gateways.object_store.folder import FolderStore
from lm_assets_tests.conftest import PROJECT

DEMO = PROJECT / "demo"


def demo_configuration(folder: Path) -> Path:
    """The shipped configuration with the demo's matrix."""
    for path in [*(PROJECT / "config").glob("*.yaml"), DEMO / "config" / "matrix.yaml"]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def text_of_first_baselines(folder: Path) -> str:
    """Return the file that `lm baseline init` of the demo's baseline campaign writes."""
    settings = load_configuration(demo_configuration(folder))
    campaign = DEMO / "campaigns" / BASELINE
    prefix = f"incoming/{BASELINE}/"
    objects = {
        prefix + path.relative_to(campaign).as_posix(): path
        for path in campaign.rglob("*")
        if path.is_file()
    }
    records = collect_campaign(
        BASELINE,
        bucket=CampaignBucket(FolderStore(objects=objects)),
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=SystemClock().now(),
    ).records
    before = read_catalogue(settings.baselines_path)
    return catalogue_text(initial_plan(records, settings, before).catalogue)


def test_init_makes_exactly_the_file_that_is_kept(tmp_path):
    kept = (DEMO / "config" / BASELINES_FILE).read_text(encoding="utf-8")
    assert text_of_first_baselines(tmp_path) == kept


def test_the_shipped_catalogue_is_valid_and_empty():
    path = PROJECT / "config" / BASELINES_FILE
    assert read_catalogue(path).entries == {}
    assert "samples" in path.read_text(encoding="utf-8").partition("format: 1")[0]
