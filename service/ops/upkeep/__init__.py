"""What nobody sends a command for: walks that are idle, what is kept too long, letters of a type that is known now."""

from service.ops.upkeep.upkeep import Duty, Upkeep, duties

__all__ = ["Duty", "Upkeep", "duties"]
