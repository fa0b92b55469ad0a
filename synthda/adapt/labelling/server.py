"""The server of the labelling page: on this computer alone, and only for who has the token."""

from __future__ import annotations

import errno
import hmac
import json
import os
import re
import secrets
import socketserver
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from synthda.adapt.labelling.desk import Desk, GoneError
from synthda.datasets.label_file import QUEUES, Queue
from synthda.errors import SettingError, SynthdaError

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
HTTP_PORT = 80
"""Browsers leave it out of what they call a server."""
PAGE = {
    "": ("index.html", "text/html; charset=utf-8"),
    "label.css": ("label.css", "text/css; charset=utf-8"),
    "label.js": ("label.js", "text/javascript; charset=utf-8"),
    "parts.js": ("parts.js", "text/javascript; charset=utf-8"),
    "choices.js": ("choices.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
"""File and media type by the path below the token: a path that is not here opens nothing."""

GUARDS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer. No header of CORS is among them: no other page may read an answer."""

PHOTO = re.compile("photo/([0-9a-f]{64})")
JSON = "application/json"
LONGEST_QUESTION = 1 << 16


class LabelServer(ThreadingHTTPServer):
    """Serves one desk until it is shut down; `url` has the token, without which every answer is 403."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # on Windows it would let two servers share a port

    def __init__(self, desk: Desk, port: int = 0) -> None:
        """Listen on `port`; 0 takes any free one.

        Raises:
            SettingError: when the port cannot be had.
        """
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise SettingError(
                f"Port {port} {reason}; give another --port, or leave it out for any free one."
            ) from error

    def server_bind(self) -> None:
        """Without the base class's question to the name service, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser that came here by `url` calls this server; a page whose name was rebound says its own."""
        named = tuple(f"{name}:{self.server_port}" for name in NAMES)
        return named + NAMES if self.server_port == HTTP_PORT else named

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone away is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "synthda", ""
    timeout = 60

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_POST(self) -> None:
        self._guarded(self._post)

    def do_OTHERS(self) -> None:
        self._guarded(self._refuse)

    do_HEAD = do_OPTIONS = do_PUT = do_PATCH = do_DELETE = do_OTHERS  # noqa: N815 (names that http.server looks for)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the terminal is for the person."""

    def _guarded(self, respond: Callable[[str], None]) -> None:
        """Respond to an admitted request; whatever is refused is one sentence of JSON."""
        try:
            respond(self._admitted_path())
        except _RefusedError as error:
            self.close_connection = True  # its body may not have been read
            self._send_json({"error": str(error)}, error.status)
        except GoneError as error:
            self._send_json({"error": str(error)}, HTTPStatus.GONE)
        except SettingError as error:
            self._send_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except SynthdaError as error:
            self._send_json({"error": str(error)}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _admitted_path(self) -> str:
        """The path below the token."""
        if self.headers.get("Host") not in self.server.hosts:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "This server has another name; open the address it printed.")
        origin = self.headers.get("Origin")
        if origin is not None and origin not in (f"http://{host}" for host in self.server.hosts):
            raise _RefusedError(HTTPStatus.FORBIDDEN, "Another page may not ask this server.")
        token, _, path = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise _RefusedError(
                HTTPStatus.FORBIDDEN, "The token is missing or wrong; open the address in the terminal."
            )
        return path

    def _get(self, path: str) -> None:
        if path in PAGE:
            name, kind = PAGE[path]
            self._send(files("synthda.adapt.labelling").joinpath("page", name).read_bytes(), kind)
        elif path == "state":
            asked = parse_qs(self.path.partition("?")[2]).get("queue", [""])
            self._send_json(self.server.desk.state(_queue(asked[0])))
        elif found := PHOTO.fullmatch(path):
            self._send(*self.server.desk.picture(found[1]), cache="private, max-age=3600, immutable")
        else:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _post(self, path: str) -> None:
        asked, desk = self._question(), self.server.desk
        if path == "end":
            self._send_json({"said": "The session has ended."})
            self.close_connection = True
            self.server.shutdown()
            return
        if path not in ("label", "skip", "undo"):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "There is nothing here.")
        queue = _queue(asked.get("queue"))
        try:
            if path == "undo":
                said = desk.undo(queue)
            else:
                label = _text(asked, "label") if path == "label" else None
                said = desk.decide(queue, _text(asked, "content"), label)
        except GoneError:
            said = ""  # it is among the news of the state
        self._send_json(desk.state(queue) | {"said": said})

    def _refuse(self, path: str) -> None:
        raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and POST are answered.")

    def _question(self) -> dict[str, Any]:
        """The JSON object in a request's body, of a type that a page elsewhere cannot send without asking first."""
        if self.headers.get_content_type() != JSON:
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send {JSON}.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or int(length) > LONGEST_QUESTION:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {LONGEST_QUESTION} bytes.")
        try:
            asked = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "Send a JSON object.")
        return asked

    def _send_json(self, content: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(content).encode(), JSON, status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, *, cache: str = "no-store") -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": cache, **GUARDS}
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _queue(asked: object) -> Queue:
    for queue in QUEUES:
        if asked == queue:
            return queue
    raise SettingError(f"There is no such queue; the queues are {' and '.join(QUEUES)}.")


def _text(asked: Mapping[str, Any], name: str) -> str:
    if not isinstance(asked.get(name), str):
        raise SettingError(f"The question has no {name}.")
    return str(asked[name])
