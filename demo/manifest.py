"""The manifest of a recorded campaign: what was tested, where, and what should be there."""

import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import settings
from plan import CampaignPlan, Recording, timestamp, write_whole

HERE = Path(__file__).resolve().parent


def write_manifest(recording: Recording, campaign: CampaignPlan) -> None:
    """Write a campaign's manifest, unless a stopped recording has already begun it."""
    path = recording.out / recording.campaign(campaign.name) / "manifest.json"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    workloads = hashlib.sha256((HERE / "workloads.py").read_bytes()).hexdigest()
    manifest = {
        "campaign": recording.campaign(campaign.name),
        "priority": "p1",
        "stage": "nightly",
        "created_at": timestamp(datetime.now(UTC)),
        "subject": {
            "git_sha": _command("git", "-C", str(HERE), "log", "-1", "--format=%H", "--", "."),
            "version_labels": {**campaign.labels, "workloads_sha256": workloads[:12]},
            "image_digests": {},
        },
        "environment": environment(recording),
        "runs_per_combination": recording.runs,
        "expected_combinations": campaign.combinations,
        "notes": campaign.notes,
    }
    if campaign.changes:
        manifest["changes"] = [
            {"combination": name, "what": change.what, "expected": change.expected}
            for name, change in sorted(campaign.changes.items())
        ]
    write_whole(path, json.dumps(manifest, indent=2) + "\n")


def environment(recording: Recording) -> dict[str, str]:
    """Describe the machine as far as it is the same for a whole campaign; no host name."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    return {
        "cpu_model": cpu,
        "cores": str(os.cpu_count()),
        "memory_gib": f"{memory:.1f}",
        "os": platform.freedesktop_os_release()["PRETTY_NAME"],
        "kernel": platform.release(),
        "jdk": java.splitlines()[1],
        "jvm_options": settings.JVM_OPTIONS,
        "driver_memory": settings.DRIVER_MEMORY,
        "pinned_to_cores": "1",
        "niceness": str(recording.nice),
        "order_seed": str(recording.seed),
    }


def _command(*arguments: str) -> str:
    """Return what a command prints."""
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()
