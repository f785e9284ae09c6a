"""The AsyncAPI document of the whole service: what crosses its topics, in both directions."""

from service.ops.asyncapi.document import document, text

__all__ = ["document", "text"]
