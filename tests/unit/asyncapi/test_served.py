"""`/asyncapi.json`: the worker's document, as it is, and nothing else may be done there."""

import httpx
import pytest

from service.ops.health import Health
from service.ops.http import Endpoints
from service.ops.metrics import Metrics

DOCUMENT = b'{"asyncapi": "3.0.0"}\n'


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 405), ("PUT", 405)])
async def test_it_can_be_read_alone(method: str, status: int) -> None:
    endpoints = Endpoints(Health(), Metrics(), DOCUMENT)
    transport = httpx.ASGITransport(app=endpoints)
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        answer = await client.request(method, "/asyncapi.json")
        elsewhere = await client.get("/asyncapi.json/try")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert (answer.content == DOCUMENT) is (method == "GET")
    assert elsewhere.status_code == 404
