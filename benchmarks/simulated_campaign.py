"""What the platform's benchmarks have in common: a matrix of any size, its baselines, a campaign.

The matrix is the shipped one with more or fewer data sizes, so every combination has all six
dimensions. Base and campaign come from ``lm simulate``: the same true levels, other noise, and one
extension slowed down by 40 % in the campaign.
"""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml
from click.testing import CliRunner

from lm_assets.cli.samples.simulate import simulate
from lm_assets.collect.collector import collect_campaign
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.protocol import ObjectStore
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.regression.baselines.create import initial_entries
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

PROJECT = Path(__file__).parents[1]
RUNS_EACH = 5
COMBINATIONS_PER_DATA_SIZE = 160
_NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class SimulatedPlatform:
    """A configuration folder with baselines for every combination, and one campaign's files."""

    config: Path
    files: Mapping[str, bytes]
    campaign: str


def simulated_platform(
    folder: Path, *, combinations: int, campaign: str = "nightly-simulated-1"
) -> SimulatedPlatform:
    """Make the configuration, the baselines and the campaign's files below a folder."""
    config = _configuration(folder / "config", combinations)
    base = _simulated(folder, config, "nightly-simulated-base", seed=1)
    _write_baselines(config, base, "nightly-simulated-base")
    files = _simulated(folder, config, campaign, seed=2, effect="factor=1.4,extension=rapids")
    return SimulatedPlatform(config=config, files=files, campaign=campaign)


def land(store: ObjectStore, platform: SimulatedPlatform, *, end_mark: bool = True) -> None:
    """Write the campaign's files, and the end mark last."""
    success = object_keys.success_key(platform.campaign)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: store.write(*item), platform.files.items() - {(success, b"")}))
    if end_mark:
        store.write(success, b"")


def _configuration(config: Path, combinations: int) -> Path:
    sizes, rest = divmod(combinations, COMBINATIONS_PER_DATA_SIZE)
    if rest or not sizes:
        raise SystemExit(f"combinations must be a multiple of {COMBINATIONS_PER_DATA_SIZE}")
    shutil.copytree(PROJECT / "config", config)
    path = config / "matrix.yaml"
    matrix = yaml.safe_load(path.read_text())
    matrix["dimensions"]["data_size"] = [f"{2**n}gb" for n in range(sizes)]
    matrix["priorities"] = {"p2": [{}]}
    path.write_text(yaml.safe_dump(matrix))
    return config


def _simulated(
    folder: Path, config: Path, campaign: str, *, seed: int, effect: str = ""
) -> dict[str, bytes]:
    output = folder / "simulated"
    arguments = ["--campaign", campaign, "--output", str(output), "--config", str(config)]
    arguments += ["--runs", str(RUNS_EACH), "--seed", str(seed)]
    result = CliRunner().invoke(
        simulate, arguments + (["--effect", effect] if effect else []), catch_exceptions=False
    )
    if result.exit_code:
        raise SystemExit(f"lm simulate failed: {result.output}")
    of_campaign = output / object_keys.incoming_prefix(campaign)
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(of_campaign.rglob("*"))
        if path.is_file()
    }


def _write_baselines(config: Path, files: Mapping[str, bytes], campaign: str) -> None:
    settings = load_configuration(config)
    store = InMemoryObjectStore()
    for key, content in files.items():
        store.write(key, content)
    collected = collect_campaign(
        campaign,
        bucket=CampaignBucket(store),
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=_NOW,
    )
    entries, _ = initial_entries(collected.records, now=_NOW, reason="simulated")
    missing = len(settings.matrix.combinations) - len(entries)
    if missing:
        raise SystemExit(f"{missing} combinations got no baseline")
    settings.baselines_path.unlink(missing_ok=True)
    before = read_catalogue(settings.baselines_path)
    write_catalogue(settings.baselines_path, BaselineCatalogue(entries=entries), before.digest)
