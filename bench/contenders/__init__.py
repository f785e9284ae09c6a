"""The three that the worker is measured against, each a program of its own: `python -m bench.contenders.NAME`."""
