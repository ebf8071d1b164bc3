"""Servers to measure against: those of the tests, from tests/servers/, each for as long as it is needed."""

import hashlib
import hmac
import http.client
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, urlsplit

from problem import Problem
from tools import BENCH


@contextmanager
def serving(name: str) -> Iterator[tuple[int, list[str]]]:
    """Starts a server; gives the port that it was told, and what it says of itself. It stops when its input ends."""
    folder = tempfile.mkdtemp(prefix=f"bench-{name}-")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = subprocess.Popen(
        [str(BENCH.parent / "tests" / "servers" / name), folder, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = script.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise Problem(f"tests/servers/{name} did not start: {' '.join(said)}")
        yield port, said[1:]
    finally:
        script.stdin.close()
        script.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


class S3:
    """As much of S3 as is needed to make a bucket and to put files into it."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str):
        self._host = urlsplit(endpoint).netloc
        self._access_key = access_key
        self._secret_key = secret_key
        self.environment = {
            "DOWNBEAT_S3_ENDPOINT": endpoint,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_REGION": "us-east-1",
        }

    def put(self, path: str, content: bytes = b"") -> None:
        """Puts an object, or makes a bucket where the path names no more than one."""
        at = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{at[:8]}/us-east-1/s3/aws4_request"
        target = quote(f"/{path}")
        signed = {"host": self._host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": at}
        names = ";".join(signed)
        request = "\n".join(["PUT", target, "", *(f"{name}:{value}" for name, value in signed.items()), "", names, "UNSIGNED-PAYLOAD"])
        text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self._secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        connection = http.client.HTTPConnection(self._host)
        connection.request("PUT", target, content, signed)
        answer = connection.getresponse()
        if answer.status != 200:
            raise Problem(f"S3 did not put {path}: {answer.status} {answer.read()[:200]!r}")
        connection.close()

    def land(self, place: str, folder: Path) -> None:
        """Puts the files of a landing area below a place like bucket/lake."""
        for path in sorted(folder.rglob("*.csv")):
            self.put(f"{place}/landing/{path.relative_to(folder)}", path.read_bytes())
