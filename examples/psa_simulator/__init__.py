"""A stand-in for a PSA, to try a connector on: speaks as much of three vendors' APIs as a connector needs.

It keeps limits, fails as it is told to, and shows what was written, when, and how hard it was called.
It shares no code with the connector, and needs starlette and uvicorn.
"""
