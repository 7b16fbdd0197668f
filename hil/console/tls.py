"""A certificate and its key, looked at before anything is served with them."""

from __future__ import annotations

import ssl
from pathlib import Path

from hil.errors import UsageError
from hil.web.http_server import CertificateFiles

__all__ = ["certificate_files"]

DO = "give a PEM certificate and the unencrypted PEM key that belongs to it"


def certificate_files(certificate: Path, key: Path) -> CertificateFiles:
    """The two files, which belong together. Raises UsageError."""
    for path in (certificate, key):
        if not path.is_file():
            raise UsageError("no such file", where=str(path), do=DO)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "they cannot be read"
        raise UsageError(f"not a certificate and its key: {str(reason).lower().replace('_', ' ')}", where="--tls", do=DO) from None
    return CertificateFiles(str(certificate), str(key))
