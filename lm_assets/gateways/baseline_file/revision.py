"""What git knows of a file and of the person at the keyboard."""

import subprocess
from pathlib import Path

_TIMEOUT_S = 10.0
# Neither a repository's own monitor nor a lock on its index may be set off by a look at it.
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")


def file_revision(path: Path) -> str | None:
    """Return the commit that last changed a file, with ``-modified`` when it differs from that.

    ``None`` where there is no git, no repository, no commit of this file, or no answer in time.
    """
    commit = _git(path, "log", "-1", "--format=%H", "--", path.name)
    if not commit:
        return None
    status = _git(path, "status", "--porcelain", "--", path.name)
    if status is None:
        return None
    return f"{commit}-modified" if status else commit


def git_identity(path: Path) -> str | None:
    """Return who would commit a change of a file, as ``Name <address>``.

    ``None`` where there is no git, or it does not know a name and an address.
    """
    name, address = _git(path, "config", "user.name"), _git(path, "config", "user.email")
    return f"{name} <{address}>" if name and address else None


def _git(path: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the file's name stands after `--`
            [*_GIT, "-C", str(path.parent), *arguments],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
