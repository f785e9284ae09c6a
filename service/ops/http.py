"""The worker's HTTP: `/livez`, `/readyz`, `/metrics`, `/asyncapi.json`. It reads, and changes nothing."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uvicorn

from service.ops.health import Health
from service.ops.metrics import Metrics
from service.settings import SettingsError

Answer = tuple[int, str, bytes]
"""Status, content type, body."""

JSON = "application/json"
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Endpoints:
    """An ASGI application with the four endpoints."""

    def __init__(self, health: Health, metrics: Metrics, document: bytes) -> None:
        self._health = health
        self._routes: dict[str, Callable[[], Answer]] = {
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": lambda: (200, metrics.content_type, metrics.render()),
            "/asyncapi.json": lambda: (200, JSON, document),
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            status, content_type, body = 405, JSON, b'{"error": "only GET"}'
        else:
            answer = self._routes.get(scope["path"], self._unknown)
            status, content_type, body = answer()
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _live(self) -> Answer:
        live = self._health.live()
        return (200 if live else 503), JSON, json.dumps({"live": live}).encode()

    def _ready(self) -> Answer:
        reasons = self._health.not_ready()
        body = json.dumps({"ready": not reasons, "reasons": reasons})
        return (503 if reasons else 200), JSON, body.encode()

    def _unknown(self) -> Answer:
        return 404, JSON, json.dumps({"endpoints": sorted(self._routes)}).encode()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the application's."""
        yield


class HttpServer:
    """Serves the endpoints from `start` to `stop`.

    Args:
        endpoints: what answers.
        host: where to listen.
        port: 0 takes a free one.
    """

    def __init__(self, endpoints: Endpoints, host: str, port: int) -> None:
        self._where = f"{host}:{port}"
        config = uvicorn.Config(
            endpoints, host=host, port=port, log_config=None, access_log=False, lifespan="off"
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            SettingsError: the address is taken or not ours.
        """
        try:
            listening = self._server.config.bind_socket()
        except (OSError, SystemExit):
            raise SettingsError(
                f"WALK_HTTP_HOST, WALK_HTTP_PORT: cannot listen on {self._where} (is it in use?): set another port,"
                f" or 0 for any free one"
            ) from None
        self._task = asyncio.create_task(self._server.serve([listening]), name="http")

    async def stop(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
