"""The commands that settle a dead letter (design 9, rule 4): for operators, not for upstream."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from . import limits
from .fields import CanonicalUUID, required_text, text


class SettleData(BaseModel):
    """`redrive`: run the dead letter and all that is parked behind it; `discard`: drop it, run the others."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dead_letter_id: CanonicalUUID = Field(
        description="The dead letter; not one that is parked behind another."
    )
    by: Annotated[str, required_text(limits.ID_CHARS)] = Field(
        description="Who settles it.", examples=["night-shift"]
    )
    reason: Annotated[str, text(limits.ABANDON_REASON_CHARS)] | None = Field(
        default=None, description="Why; kept with the letter."
    )
