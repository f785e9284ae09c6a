"""All that was ever handled, decided anew and compared with what stands in the database and on the topics."""

from service.ops.verify.report import Finding, Kind, PartitionReach, Place, Reason, Report, What
from service.ops.verify.run import Tell, verify

__all__ = [
    "Finding",
    "Kind",
    "PartitionReach",
    "Place",
    "Reason",
    "Report",
    "Tell",
    "What",
    "verify",
]
