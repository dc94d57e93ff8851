"""An application's settings and versions, without secrets; which of them vary by their nature."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from lm_assets.collect.spark.profiling.plans import digest_of

_MOST_CHARACTERS = 400
_SECRET = re.compile(r"secret|passw|token|credential|access[._-]?key|private[._-]?key", re.I)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
REDACTED = "*** (redacted)"
# Names of runs, places and moments: different in every run, and no cause of anything.
_VOLATILE = re.compile(
    r"spark\.(app\.(id|name|startTime|submitTime|attempt\.id|initial\..*)"
    r"|driver\.(port|host|bindAddress|appUIAddress|blockManager\.port)|executor\.id|master\.port"
    r"|eventLog\..*|local\.dir|sql\.warehouse\.dir|ui\..*|history\..*|repl\..*|yarn\.tags"
    r"|yarn\.(historyServer|app|dist|secondary)\..*|metrics\..*|jars|files|archives|submit\.pyFiles"
    r"|kubernetes\.(.*pod\.name|.*\.label\..*|.*\.annotation\..*|namespace|executor\.podNamePrefix"
    r"|driver\.master|resource\..*|file\.upload\.path|.*container\.image\.pullSecrets)"
    r"|org\.apache\.hadoop\.yarn\..*|port\.maxRetries|.*\.port)"
    r"|spark\.sql\.execution\..*id|callSite\..*"
)


def settings_of(properties: Mapping[str, str]) -> dict[str, str]:
    """Return Spark's properties in order; what may be a secret is not kept."""
    return {name: _kept(name, properties[name]) for name in sorted(properties)}


def volatile_names(settings: Iterable[str]) -> tuple[str, ...]:
    """Return the settings that differ from run to run by their nature."""
    return tuple(filter(_is_volatile, settings))


def versions_of(
    spark: str | None, jvm: Mapping[str, str], classpath: Mapping[str, str]
) -> dict[str, str]:
    """Return what the application ran on: Spark, Java, Scala, and the jars beside Spark's own."""
    versions = {"spark": spark or ""}
    versions |= {
        name: jvm[key]
        for name, key in (("java", "Java Version"), ("scala", "Scala Version"))
        if key in jvm
    }
    if classpath:
        versions["jars"] = _jars(tuple(classpath))
        own = sorted(
            path.rsplit("/", 1)[-1] for path, of in classpath.items() if of == "Added By User"
        )
        if own:
            versions["jars added"] = ", ".join(own)[:_MOST_CHARACTERS]
    return {name: version for name, version in versions.items() if version}


# Hundreds of paths, and the same in every log of one installation.
@lru_cache(maxsize=64)
def _jars(paths: tuple[str, ...]) -> str:
    names = sorted({path.rsplit("/", 1)[-1] for path in paths})
    return f"{len(names)} ({digest_of(names)})"


def _kept(name: str, value: str) -> str:
    if _is_secret(name):
        return REDACTED
    if "://" in value:
        value = _USER_IN_URL.sub(f"{REDACTED}@", value)
    return value[:_MOST_CHARACTERS]


# The same names come with every log.
@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


@lru_cache(maxsize=4096)
def _is_volatile(name: str) -> bool:
    return _VOLATILE.fullmatch(name) is not None
