"""What a change of the schemas would break, and for whom: JSON Schemas in, findings out. Depends on nothing.

    python -m l1_walk_contracts.compatibility OLD NEW

compares two folders of them, and exits with 1 where something breaks or cannot be decided.
"""

from .compare import compare, is_same
from .findings import Direction, Finding, Verdict
from .folder import read

__all__ = ["Direction", "Finding", "Verdict", "compare", "is_same", "read"]
