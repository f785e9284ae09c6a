"""Run it: `python -m examples.psa_simulator --vendor connectwise --port 8090`; GET /_simulator shows what it holds."""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .books import Books
from .desk import Desk
from .faults import Fault, Faults
from .vendors import HEADERS, routes


def application(desk: Desk, vendor: str) -> Starlette:
    async def show(_: Request) -> Response:
        return JSONResponse(desk.books.shown())

    async def order(request: Request) -> Response:
        """`script`: an endpoint's next faults; `missing`: which tickets are not there; `release`: what is held."""
        body = await request.json()
        for endpoint, faults in body.get("script", {}).items():
            desk.faults.script(endpoint, [Fault(fault) for fault in faults])
        if "missing" in body:
            desk.books.missing = set(body["missing"])
        if body.get("release"):
            desk.released.set()
        return JSONResponse({})

    own = [Route("/_simulator", show), Route("/_simulator", order, methods=["POST"])]
    return Starlette(routes=[*own, *routes(vendor, desk)])


def _rate(text: str) -> tuple[Fault, float]:
    name, _, rate = text.partition("=")
    try:
        return Fault(name), float(rate)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"write one of {', '.join(Fault)}, = and how often, as in 429=0.05"
        ) from None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.psa_simulator", description=__doc__)
    parser.add_argument("--vendor", choices=HEADERS, default="connectwise")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--calls", type=int, default=10_000, help="allowed in --window")
    parser.add_argument("--window", type=float, default=3_600, help="seconds")
    parser.add_argument("--parallel", type=int, default=3, help="calls at the same time to one endpoint")
    parser.add_argument("--hold", type=float, default=60, help="seconds until an unanswered call is answered")
    parser.add_argument("--slow", type=float, default=1, help="seconds that a slow answer takes")
    parser.add_argument("--retry-after", type=float, default=1, help="seconds that a 429 asks for")
    parser.add_argument(
        "--fail", type=_rate, action="append", default=[], metavar="FAULT=RATE", help=", ".join(Fault)
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet", action="store_true", help="do not print what is written")
    options = parser.parse_args()
    desk = Desk(
        Books(options.calls, options.window, options.parallel),
        Faults(dict(options.fail), options.seed),
        HEADERS[options.vendor],
        hold=options.hold,
        slow=options.slow,
        retry_after=options.retry_after,
        tell=(lambda _: None) if options.quiet else (lambda line: print(line, flush=True)),
    )
    uvicorn.run(application(desk, options.vendor), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
