"""The demo's state folder: made anew each time, and only where nothing in it is the user's.

What is whose is told by content. The demo writes down the digest of every file it makes; a file
that is another one, a campaign that it did not record, and anything that people said of an alert
are the user's.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.campaign import confirmed_campaign
from lm_assets.model.errors import LmError

_MADE = "made-by-lm-demo.json"
_LOCK = "engines.lock"
_ENGINES_OWN = frozenset(
    {
        *("s3", "postgres", "prometheus", "dagster", "logs", "env", "workspace.yaml"),
        *(_LOCK, "engines.json", "secrets.json", _MADE),
    }
)
_OF_PEOPLE = ("config", "reports")
_MOST_NAMED = 5


def make_anew(state: Path, campaigns: frozenset[str]) -> None:
    """Empty the state folder; refuse where anything in it is the user's.

    Parameters
    ----------
    state : Path
        The folder; it need not be there.
    campaigns : frozenset of str
        The campaigns that the demo itself delivers.

    Raises
    ------
    LmError
        Naming what is not the demo's, or who has the folder in use, and the way out.
    """
    refuse_in_use(state)
    if state.is_dir() and any(state.iterdir()):
        if found := [*_foreign_files(state), *_foreign_objects(state, campaigns)]:
            more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
            raise LmError(
                f"{state} holds what the demo did not make and is left as it is: "
                f"{', '.join(found[:_MOST_NAMED])}{more}; run the demo elsewhere: "
                "lm demo --state .lm-demo"
            )
        _empty(state)
    state.mkdir(parents=True, exist_ok=True)


def refuse_in_use(state: Path) -> None:
    """Refuse a folder whose engines another command has started.

    Raises
    ------
    LmError
        Naming the process.
    """
    if state.is_dir() and (owner := StateFolder(state).owner) is not None:
        raise LmError(
            f"{state} is in use by process {owner} (lm serve or lm demo): stop it first, "
            "or name another folder with --state"
        )


def write_down(state: Path) -> None:
    """Write down the digest of every file that is there for people: what the demo has made."""
    made = {str(path.relative_to(state)): _digest(path) for path in _files_of_people(state)}
    (state / _MADE).write_text(json.dumps(made, indent=1, sort_keys=True), encoding="utf-8")


def _foreign_files(state: Path) -> Iterator[str]:
    try:
        made = json.loads((state / _MADE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        made = {}
    for path in sorted(state.iterdir()):
        if path.name not in {*_ENGINES_OWN, *_OF_PEOPLE}:
            yield str(path)
    for path in _files_of_people(state):
        if made.get(str(path.relative_to(state))) != _digest(path):
            yield str(path)


def _files_of_people(state: Path) -> list[Path]:
    found = (p for name in _OF_PEOPLE for p in (state / name).rglob("*"))
    return sorted(path for path in found if path.is_file())


def _foreign_objects(state: Path, campaigns: frozenset[str]) -> list[str]:
    """Return what lies in the state's own object store and is not the demo's."""
    if not (state / "s3").is_dir():
        return []
    with EmbeddedEngines(state, environment={}) as engines:
        store = S3ObjectStore.from_environment(engines.start())
        landed = {object_keys.campaign_of(f) for f in store.children(object_keys.INCOMING).folders}
        said = ["what people said of alerts"] if any(store.list(object_keys.ALERT_EVENTS)) else []
    strangers = {
        name for name in landed if name and (confirmed_campaign(name) or name) not in campaigns
    }
    return [*(f"campaign {name}" for name in sorted(strangers)), *said]


def _empty(state: Path) -> None:
    with StateFolder(state).ownership() as is_owner:
        if not is_owner:
            refuse_in_use(state)
        for path in state.iterdir():
            if path.name == _LOCK:
                continue  # who waits for it must wait for the same file
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
