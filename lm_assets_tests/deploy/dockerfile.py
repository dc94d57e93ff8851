"""A Dockerfile as a list of its instructions, lines joined and comments left out."""

from pathlib import Path


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return each instruction's name and the rest of its line."""
    lines = [
        line.strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    joined = " ".join(f"{line[:-1]}" if line.endswith("\\") else f"{line}\n" for line in lines)
    found = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, _, rest in found]
