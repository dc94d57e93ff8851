"""Certificates by which the parts of one server know each other, and nobody else is let in."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lm_assets.gateways.engines.state import write_private

# They are made anew at every start; a server that is kept up for years needs one.
_VALID_FOR = timedelta(days=3650)
_CLOCK_SKEW = timedelta(days=1)


def write_certificates(folder: Path) -> None:
    """Write ``ca.crt``, ``own.crt`` and ``own.key``, readable by their owner only.

    The authority's key is not kept: nothing else can ever be signed with it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("embedded engines", authority.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    leaf = _certificate("embedded object store", own.public_key())
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for name, builder in (("ca.crt", root), ("own.crt", leaf)):
        signed = builder.sign(authority, hashes.SHA256())
        write_private(folder / name, signed.public_bytes(Encoding.PEM))
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / "own.key", key)


def _certificate(name: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("embedded engines"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID_FOR)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
