"""What keeps other users of the machine, and pages in a browser on it, out of the object store.

SeaweedFS is a master, a volume server, a filer, an admin server and a worker behind its S3
server, each with ports of its own. Without this file they trust whoever connects: any local user
could list, write and delete. With it every port but S3's takes only who has this start's
certificate, and S3's takes only who signs with the keys.
"""

import secrets
from pathlib import Path

from lm_assets.gateways.engines.certificates import write_certificates
from lm_assets.gateways.engines.state import write_private

_SIGNING_KEYS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_GRPC_PARTS = ("volume", "master", "filer", "s3", "admin", "worker", "mq", "msg_broker", "client")
_HTTPS_PARTS = ("volume", "master", "filer", "admin")
# Nobody's: browsers are told that no page may read an answer.
NO_ORIGIN = "https://none.invalid"


def write_security(folder: Path) -> None:
    """Write ``security.toml``, which the server reads from the folder it runs in, with new keys."""
    keys = folder / "keys"
    write_certificates(keys)
    write_private(folder / "security.toml", "\n".join(_lines(keys)).encode())


def _lines(keys: Path) -> list[str]:
    own = [f'cert = "{keys}/own.crt"', f'key = "{keys}/own.key"']
    authority = f'ca = "{keys}/ca.crt"'
    lines = ["[cors.allowed_origins]", f'values = "{NO_ORIGIN}"']
    lines += ["[filer.expose_directory_metadata]", "enabled = false"]
    for name in _SIGNING_KEYS:
        lines += [f"[{name}]", f'key = "{secrets.token_hex(32)}"']
    lines += ["[grpc]", authority]
    for name in _GRPC_PARTS:
        lines += [f"[grpc.{name}]", *own]
    lines += ["[https.client]", "enabled = true", *own, authority]
    for name in _HTTPS_PARTS:
        lines += [f"[https.{name}]", *own, authority]
    return lines
