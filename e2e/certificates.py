"""Throw-away certificates, made by the openssl command: one authority and leaves signed by it."""

import os
import subprocess
from dataclasses import dataclass


@dataclass
class Leaf:
    """The files of one server certificate."""

    certificate: str
    key: str


class Authority:
    """A private certificate authority in its own directory; `certificate` is what a client has to trust."""

    def __init__(self, directory, name="e2e authority"):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.certificate = os.path.join(directory, "authority.pem")
        self._key = os.path.join(directory, "authority.key")
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-days", "2", "-keyout", self._key, "-out", self.certificate,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )

    def issue(self, stem, subject_alternative_name):
        """Signs a leaf, for example for `DNS:api.minbil.no` or `IP:127.0.0.1`."""
        key, request, leaf, extensions = (
            os.path.join(self.directory, f"{stem}.{ending}") for ending in ("key", "csr", "pem", "ext")
        )
        _openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={stem}", "-keyout", key, "-out", request,
        )
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={subject_alternative_name}\nbasicConstraints=critical,CA:FALSE\n")
            file.write("extendedKeyUsage=serverAuth\n")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
            "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", leaf,
        )
        return Leaf(leaf, key)


def _openssl(*arguments):
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {result.stderr}")
