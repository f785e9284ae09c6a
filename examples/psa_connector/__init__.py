"""A connector from L1 walks to a PSA: one note, one time entry and one status for each walk that ended.

Made to be read in one sitting and copied: it needs l1-walk-contracts, aiokafka, httpx and the standard library. The
way of an event, each word a module:

    consume -> store -> deliver -> vendor (connectwise, autotask, halopsa) -> client

What holds, and why, is told in docs/connectors.md.
"""
