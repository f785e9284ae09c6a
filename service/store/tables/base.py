"""The declarative base: how Python types become column types, and how constraints and indexes are named."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table: a time is timestamptz, an int bigint, a str without a length text."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012
        dt.datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        bytes: LargeBinary(),
        str: Text(),
        int: BigInteger(),
    }
