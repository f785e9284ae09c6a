"""Is the worker alive, and is it ready: for orchestrators, and for the person who is called at night."""

from service.pipeline.pipeline import Pipeline


class Health:
    """Judges a pipeline, once it is told which: until then nothing is ready."""

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None
        self._stopping = False

    def watch(self, pipeline: Pipeline) -> None:
        """The pipeline runs from here on."""
        self._pipeline = pipeline

    def stopping(self) -> None:
        """The worker was told to stop."""
        self._stopping = True

    def live(self) -> bool:
        """Whether a restart would help: a loop of the pipeline has ended by itself."""
        return self._pipeline is None or self._stopping or self._pipeline.alive

    def not_ready(self) -> dict[str, str]:
        """Why the worker does not work as it should, by name; empty where it does."""
        if self._stopping:
            return {"worker": "it is stopping"}
        if self._pipeline is None:
            return {"worker": "it is starting"}
        reasons = dict(self._pipeline.conditions.reasons)
        for partitions in (self._pipeline.partitions, self._pipeline.reference_partitions):
            if not partitions.joined:
                reasons.setdefault(f"group of {partitions.topic}", "not joined yet")
            elif partitions.taking:
                reasons.setdefault(partitions.taking_condition, "in progress")
        return reasons
