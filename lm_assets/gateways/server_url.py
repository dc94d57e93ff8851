"""The address of somebody's server: checked once, and shown without anything that is secret."""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from lm_assets.model.errors import ConfigurationError

# A raw `/`, `?` or `#` in a password ends the host there, and the rest of the password becomes a
# path, a query or a fragment, which everything that names the address would show.
_MISPLACED = re.compile(r"[?#\\\s\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._:-]+(?:%[A-Za-z0-9._-]+)?")
_TOKEN = re.compile(r"(?=.*\d).{8,}|.{12,}")
_RECOGNISABLE = 6
_SHORTEST = 4
_RULE = "must be http://host[:port][/path] or https://…"
_ENCODE = (
    "and nothing but a path may follow the host: write @, /, ?, # and spaces in a user or "
    "password as %40, %2F, %3F, %23 and %20"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerUrl:
    """A usable address; ``shown`` is scheme, host and port, the only part fit for people's eyes.

    ``base`` ends with a slash and has no credentials; its path may itself be a secret.
    """

    base: str = field(repr=False)
    shown: str
    credentials: tuple[str, str] | None = field(default=None, repr=False)


def server_url(url: str, *, variable: str) -> ServerUrl:
    """Return an address taken apart.

    Raises
    ------
    ConfigurationError
        Where it is no http or https address, or may hold a password in a place where it would be
        shown. Names the variable and never the value.
    """
    parts, port = _split(url, variable)
    user, at, host_and_port = parts.netloc.rpartition("@")
    origin = f"{parts.scheme}://{host_and_port}"
    name, _, password = user.partition(":")
    return ServerUrl(
        base=origin + parts.path.rstrip("/") + "/",
        shown=f"{parts.scheme}://{_bracketed(parts.hostname or '')}{f':{port}' if port else ''}",
        credentials=(unquote(name), unquote(password)) if at else None,
    )


class Confidential:
    """What of an address nobody may be shown, recognised by its beginning in what others say.

    A server may repeat what it was told. A beginning is enough: where its answer is cut, a part of
    a secret may be left. Words of a path are no secrets; what looks like a token is.
    """

    def __init__(self, url: str, *more: str | None) -> None:
        parts = urlsplit(url)
        pieces = re.split(r"[/?&=;]", f"{parts.path}?{parts.query}")
        tokens = [piece for piece in pieces if _TOKEN.fullmatch(piece)]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        known = [*tokens, *map(unquote, tokens), parts.password, password, *more]
        # What is shorter would be found in any text.
        self._beginnings = {t[:_RECOGNISABLE] for t in known if t and len(t) >= _SHORTEST}
        if password:
            sent = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._beginnings.add(sent[: 2 * _RECOGNISABLE])

    def quotable(self, said: str) -> str:
        """Return what was said, or that it repeats something that is not shown."""
        if any(beginning in said for beginning in self._beginnings):
            return "(it repeats a part of its address or a secret, which is not shown)"
        return said


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port, the scheme's own where none is given.

    Raises
    ------
    ValueError
        Where a part of the address is none.
    """
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else {"http": 80, "https": 443}.get(parts.scheme)
    if not parts.hostname or port is None:
        raise ValueError("no host or no scheme that is known")
    return parts.scheme, parts.hostname, port


def _split(url: str, variable: str) -> tuple[SplitResult, int | None]:
    if _MISPLACED.search(url):
        raise ConfigurationError(file="environment", path=variable, rule=f"{_RULE} {_ENCODE}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(
            file="environment", path=variable, rule=f"{_RULE} {_ENCODE}; its port must be a number"
        ) from None
    if "@" in parts.path or "@" in parts.netloc.rpartition("@")[0]:
        raise ConfigurationError(file="environment", path=variable, rule=f"{_RULE} {_ENCODE}")
    is_usable = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "")
    if not is_usable or port == 0:
        raise ConfigurationError(file="environment", path=variable, rule=_RULE)
    return parts, port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
