"""A folder that is to be delivered: its files by the keys that they will have in the bucket.

Result files that lie in no combination's folder are sorted, line by line, into the folders of the
combinations that their lines name. A line that names none belongs to the combination that the file
is named after; where that is none either it lands in a folder of its own, and is refused there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lm_assets.collect.landing.manifest import parse_manifest
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.configuration import read_yaml
from lm_assets.model.combination import Matrix
from lm_assets.model.errors import LmError, UnknownCombinationError

Content = Path | bytes
# Where lines land of which neither they nor their file say the combination.
UNNAMED = "of_no_combination"


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestOptions:
    """What the command line says of a campaign; what is None or empty is left to the file."""

    stage: str | None = None
    priority: str | None = None
    git_sha: str | None = None
    version_labels: tuple[str, ...] = ()
    environment_file: Path | None = None
    runs: int | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """Return the manifest's fields that were said.

        Raises
        ------
        LmError
            When a version label is no ``name=value``.
        """
        labels = dict(_label(text) for text in self.version_labels)
        subject = {"git_sha": self.git_sha, "version_labels": labels}
        said = {
            "stage": self.stage,
            "priority": self.priority,
            "runs_per_combination": self.runs,
            "subject": {name: value for name, value in subject.items() if value},
            "environment": read_yaml(self.environment_file) if self.environment_file else None,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveredFolder:
    """What a folder delivers for a campaign: ``objects`` by key, all but ``_SUCCESS``.

    ``lines`` are the numbers, in the file that somebody wrote, of the lines of each object that was
    sorted together.
    """

    prefix: str
    objects: Mapping[str, Content]
    lines: Mapping[str, Sequence[int]]

    def place(self, key: str, line: int | None) -> str:
        """Return where a line of an object stands in the folder, for the person who wrote it."""
        name = key.removeprefix(self.prefix)
        numbers = self.lines.get(key)
        if numbers is not None:
            name = name.rpartition("/")[2]
            line = numbers[line - 1] if line is not None and 0 < line <= len(numbers) else line
        return name if line is None else f"{name} line {line}"


def delivered_folder(
    folder: Path, campaign: str, *, matrix: Matrix, options: ManifestOptions
) -> DeliveredFolder:
    """Return what a folder delivers for a campaign.

    Raises
    ------
    LmError
        When there is nothing in it.
    """
    prefix = object_keys.incoming_prefix(campaign)
    objects: dict[str, Content] = {}
    loose: list[Path] = []
    for name, path in _files(folder):
        if path.suffix == ".jsonl" and len(path.relative_to(folder).parts) == 1:
            loose.append(path)
        else:
            objects[prefix + name] = path
    lines: dict[str, Sequence[int]] = {}
    for key, found in _sorted_lines(loose, prefix, matrix).items():
        if key in objects:
            raise LmError(f"{key.removeprefix(prefix)} and lines of {folder} would be one object")
        objects[key] = b"\n".join(found.values()) + b"\n"
        lines[key] = tuple(found)
    if not objects:
        raise LmError(f"{folder} holds nothing to deliver: no result file lies in it")
    manifest = _manifest(folder / object_keys.MANIFEST_NAME, campaign, options)
    if manifest is not None:
        objects[object_keys.manifest_key(campaign)] = manifest
    return DeliveredFolder(prefix=prefix, objects=objects, lines=lines)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file that is to be delivered, by its name in the folder.

    Nothing is passed over but ``_SUCCESS`` and hidden files.

    Raises
    ------
    LmError
        For a name that no key can have, for what is no regular file, a link to a folder too, and
        for links that lead out.
    """
    for path in sorted(p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()):
        name = path.relative_to(folder).as_posix()
        if name == object_keys.SUCCESS_NAME or any(p.startswith(".") for p in name.split("/")):
            continue
        if not _is_text(name):
            raise LmError(f"{folder}: the file name {name!a} is no UTF-8: give it another one")
        if not path.is_file():
            raise LmError(f"{path} is no regular file: take it out, or put its own files there")
        if not path.resolve().is_relative_to(folder.resolve()):
            raise LmError(f"{path} leads out of {folder}: nothing of it is delivered")
        yield name, path


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sorted_lines(
    files: Sequence[Path], prefix: str, matrix: Matrix
) -> Mapping[str, Mapping[int, bytes]]:
    """Return the lines of every object to be, by their numbers in the file."""
    found: dict[str, dict[int, bytes]] = {}
    for path in files:
        of_file = _combination_of_file(path, matrix) or UNNAMED
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            if line.strip():
                folder = _named_combination(line, matrix) or of_file
                found.setdefault(f"{prefix}{folder}/{path.name}", {})[number] = line
    return found


def _combination_of_file(path: Path, matrix: Matrix) -> str:
    try:
        return matrix.resolve(path.stem).id
    except UnknownCombinationError:
        return ""


def _named_combination(line: bytes, matrix: Matrix) -> str:
    """Return the id of the combination that a line names; empty where it names none that is known.

    The line is read again, strictly, where it lands: here it only finds its folder.
    """
    try:
        fields = json.loads(line)
        name = fields.get("test_name") or fields.get("combination")
        if name:
            return matrix.resolve(str(name)).id
        return matrix.from_dimensions({str(k): str(v) for k, v in fields.items()}).id
    except (ValueError, AttributeError, RecursionError, UnknownCombinationError):
        return ""


def _manifest(path: Path, campaign: str, options: ManifestOptions) -> Content | None:
    """Return the manifest with what the options say in it; None where there is nothing to say."""
    said = options.fields
    if not said:
        return path if path.is_file() else None
    fields: dict[str, Any] = {}
    if path.is_file():
        parse_manifest(path.read_bytes(), campaign=campaign)
        fields = json.loads(path.read_text(encoding="utf-8-sig"))
    subject = {**(fields.get("subject") or {}), **said.pop("subject", {})}
    merged = {**fields, "campaign": campaign, **said} | ({"subject": subject} if subject else {})
    merged.setdefault("stage", campaign.partition("-")[0])
    content = (json.dumps(merged, indent=2, sort_keys=True) + "\n").encode()
    parse_manifest(content, campaign=campaign)
    return content


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise LmError(f"--version-label must be name=value, got {text!r}")
    return name, value
