"""The documents of ``lm gate`` for continuous integration: what is asked for, made and written."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from lm_assets.cli.options import CONFIGURATION, policy_option
from lm_assets.cli.platform.known_verdict import print_known_verdict
from lm_assets.collect.collector import campaign_manifest
from lm_assets.collect.landing.manifest import assumed_manifest
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import BASELINES_FILE, Configuration, load_configuration
from lm_assets.gateways.object_store.s3 import DEFAULT_BUCKET
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import Warehouse, WarehouseError
from lm_assets.gateways.warehouse.known_alerts import known_alerts
from lm_assets.model.addresses import Addresses
from lm_assets.model.campaign import Manifest, Stage
from lm_assets.model.errors import DataFaultError
from lm_assets.model.known_alert import KnownAlert
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import GatePolicy
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.verdict.known_losses import remaining_verdict
from lm_assets.reports.gate import material
from lm_assets.reports.gate.documents import FORMATS, gate_document
from lm_assets.reports.gate.material import GateMaterial, Unjudged

F = TypeVar("F", bound=Callable[..., Any])

TEXT = "text"
STDOUT = "-"
_ENTRY = re.compile(r'^  "?([A-Za-z0-9._+=-]+)"?:[ ]*$')
# A gate that waits for a database that is not there keeps a pull request waiting.
_RETRY = RetryPolicy(attempts=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedDocuments:
    """What a gate is asked to write: a format and where to, in pairs."""

    documents: tuple[tuple[str, str], ...]
    configuration: Path
    matrix: str

    @property
    def takes_stdout(self) -> bool:
        """Whether a document goes where the table would."""
        return any(target == STDOUT for _, target in self.documents)


NO_DOCUMENTS = WantedDocuments(documents=(), configuration=CONFIGURATION, matrix=DEFAULT_BUCKET)


def document_options(command: F) -> F:
    """Add ``--format``, ``--out`` and what they need to a command."""
    for add in (
        policy_option,
        click.option(
            "--matrix",
            envvar="LM_S3_BUCKET",
            default=DEFAULT_BUCKET,
            show_default=True,
            show_envvar=True,
            help="Name of the matrix: a pull request has one comment a matrix and stage.",
        ),
        click.option(
            "--out",
            "targets",
            multiple=True,
            help="File for the --format at the same place; - is standard output.",
        ),
        click.option(
            "--format",
            "formats",
            multiple=True,
            type=click.Choice([TEXT, *FORMATS]),
            help="A document for CI; may be repeated, each with its own --out.",
        ),
    ):
        command = add(command)
    return command


def wanted_documents(
    formats: Sequence[str], targets: Sequence[str], *, configuration: Path, matrix: str
) -> WantedDocuments:
    """Return each format with its target; a lone format without one goes to standard output."""
    if len(formats) == 1 and not targets:
        targets = [STDOUT]
    if len(formats) != len(targets):
        raise click.UsageError(
            f"each --format needs an --out of its own: there are {len(formats)} and {len(targets)}"
        )
    if list(targets).count(STDOUT) > 1:
        raise click.UsageError("one document at most goes to standard output, --out -")
    return WantedDocuments(
        documents=tuple(zip(formats, targets, strict=True)),
        configuration=configuration,
        matrix=matrix,
    )


def gate_material(
    bucket: CampaignBucket,
    verdict: CampaignVerdict,
    wanted: WantedDocuments,
    *,
    quarantined: Mapping[str, int],
) -> GateMaterial:
    """Return a judged campaign with what people know of it and where its reports are."""
    settings = _settings(wanted.configuration)
    policy = GatePolicy()
    if settings is not None:
        policy = settings.regression.stages[Stage(verdict.stage)].gate
    alerts, note = _alerts(verdict.stage)
    manifest = _manifest(bucket, verdict.campaign)
    return GateMaterial(
        verdict=verdict,
        remaining=remaining_verdict(verdict, alerts, policy),
        at=datetime.now(UTC),
        metrics=MetricCatalogue(()) if settings is None else settings.metrics,
        policy=policy,
        alerts=alerts,
        alerts_note=note,
        quarantined=quarantined,
        matrix=wanted.matrix,
        git_sha=manifest.subject.git_sha,
        reports=_reports(verdict.campaign),
        baselines_file=_path_in_repository(wanted.configuration),
        baseline_lines=_baseline_lines(settings),
    )


def unjudged(
    bucket: CampaignBucket,
    campaign: str,
    wanted: WantedDocuments,
    *,
    state: str,
    reason: str,
    exit_code: int,
) -> Unjudged:
    """Return a campaign that has no verdict of what was delivered."""
    return Unjudged(
        campaign=campaign,
        stage=_manifest(bucket, campaign).stage.value,
        state=state,
        reason=reason,
        exit_code=exit_code,
        at=datetime.now(UTC),
        matrix=wanted.matrix,
        baselines_file=_path_in_repository(wanted.configuration),
    )


def write_documents(subject: GateMaterial | Unjudged, wanted: WantedDocuments) -> None:
    """Write every document that is asked for, whole, each to its place."""
    for name, target in wanted.documents:
        if target == STDOUT:
            _print(name, subject)
            continue
        try:
            with Path(target).open("w", encoding="utf-8", newline="\n") as file:
                if name == TEXT:
                    print_known_verdict(Console(file=file, width=200), subject)
                else:
                    file.write(gate_document(name, subject))
        except OSError as error:
            raise click.FileError(target, hint=error.strerror or str(error)) from error


def known_document(subject: GateMaterial) -> dict[str, object]:
    """Return what is left of a verdict without the known losses, for ``--json``."""
    remaining = subject.remaining
    return {
        "verdict": remaining.verdict.value,
        "exit_code": remaining.exit_code,
        "known_cells": [
            {"combination": combination, "metric": metric, "alert": alert.alert_id}
            for (combination, metric), alert in sorted(remaining.cells.items())
        ],
        "known_findings": [
            {"finding": place, "alert": alert.alert_id}
            for place, alert in sorted(remaining.findings.items())
        ],
        "alerts_note": subject.alerts_note,
    }


def _print(name: str, subject: GateMaterial | Unjudged) -> None:
    if name == TEXT:
        print_known_verdict(Console(), subject)
    else:
        click.echo(gate_document(name, subject), nl=False)


def _manifest(bucket: CampaignBucket, campaign: str) -> Manifest:
    try:
        manifest, _ = campaign_manifest(bucket, campaign)
    except DataFaultError:
        return assumed_manifest(campaign)
    return manifest


def _alerts(stage: str) -> tuple[list[KnownAlert], str]:
    """Return the alerts of a stage, or why there are none: without them every loss is new."""
    if not os.environ.get("LM_POSTGRES_URL"):
        return [], "every loss counts as new: LM_POSTGRES_URL is not set, so no alerts are known"
    try:
        with Warehouse.from_environment(os.environ, retry=_RETRY) as warehouse:
            return known_alerts(warehouse, stage), ""
    except WarehouseError as error:
        return [], f"every loss counts as new: the alerts could not be read ({error})"


def _reports(campaign: str) -> dict[str, str]:
    addresses = Addresses.from_environment(os.environ)
    return {
        name: addresses.report(campaign, name) or object_keys.report_key(campaign, name)
        for name in object_keys.REPORT_NAMES
    }


def _path_in_repository(configuration: Path) -> str:
    """Return the baselines' path from the working folder, as CI checks a repository out."""
    path = (configuration / BASELINES_FILE).resolve()
    here = Path.cwd().resolve()
    return (
        path.relative_to(here).as_posix() if path.is_relative_to(here) else material.BASELINES_FILE
    )


def _settings(configuration: Path) -> Configuration | None:
    """Return the configuration; None where there is no folder, as on a machine of CI's own."""
    return load_configuration(configuration) if configuration.is_dir() else None


def _baseline_lines(settings: Configuration | None) -> dict[str, int]:
    if settings is None:
        return {}
    try:
        text = settings.baselines_path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    found = ((_ENTRY.match(line), place) for place, line in enumerate(text.splitlines(), start=1))
    return {match[1]: place for match, place in found if match is not None}
