"""A model hub on a loopback port: the ``resolve`` addresses that Hugging Face documents, and faults."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "a" * 40


class ModelHub:
    """Serves ``files``, "owner/name/path" -> content. Files named ``.bin`` or ``.onnx`` count as large.

    The address of a large file redirects to another host, and its ETag is its SHA-256
    (huggingface.co/docs, "Download files from the Hub").
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.interrupted: set[str] = set()
        """Files whose connection is closed after one half, once."""
        self.truncated: set[str] = set()
        """Files of which one half is sent as if it were all, every time."""
        self.corrupted: set[str] = set()
        """Files whose content differs from the SHA-256 that the hub states."""
        self.requests: list[str] = []
        """The method and the file of every request."""
        self.revisions: dict[str, str] = {}
        """File -> the revision that its first request named."""
        self.resumed: list[tuple[str, int]] = []
        """File and offset of every request that begins behind the start."""

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address to set HF_ENDPOINT to."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: ModelHub

    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        is_storage = self.path.startswith("/storage/")
        name = self.path.removeprefix("/storage/") if is_storage else self._resolved()
        self.hub.requests.append(f"{self.command} {name}")
        if name not in self.hub.files:
            repository = "/".join(name.split("/")[:2])
            known = any(path.startswith(f"{repository}/") for path in self.hub.files)
            self._send(404, {"X-Error-Code": "EntryNotFound" if known else "RepoNotFound"}, b"")
            return
        content = self.hub.files[name]
        stated = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        if not name.endswith((".bin", ".onnx")):
            self._send(200, stated, content, with_body)
        elif is_storage:
            self._send_large(name, content)
        else:
            stated["X-Linked-Size"] = str(len(content))
            stated["X-Linked-ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
            port = self.headers["Host"].rpartition(":")[2]
            stated["Location"] = f"http://localhost:{port}/storage/{name}"
            self._send(302, stated, b"")

    def _resolved(self) -> str:
        owner, repository, _, revision, *path = self.path.removeprefix("/").split("/")
        name = "/".join((owner, repository, *path))
        self.hub.revisions.setdefault(name, revision)
        return name

    def _send_large(self, name: str, content: bytes) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start:
            self.hub.resumed.append((name, start))
        half = len(content) // 2
        if name in self.hub.truncated:
            self._send(200, {}, content[:half])
        elif name in self.hub.corrupted:
            self._send(200, {}, bytes(len(content)))
        elif name in self.hub.interrupted:
            self.hub.interrupted.remove(name)
            self._send(200, {}, content[:half], promised=len(content))
            self.close_connection = True
        else:
            self._send(206 if start else 200, {}, content[start:])

    def _send(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes,
        with_body: bool = True,
        promised: int | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        if with_body:
            self.wfile.write(body)
