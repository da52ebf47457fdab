"""
Publishes events to Tidemark, a service that stores each `(topic, event_id)` once, counts every duplicate, and tells the
sender which events were which.
"""

from .async_client import AsyncClient
from .batcher import Batcher
from .client import Client
from .contract import Counts, Fault, NewEvent, Problem, Rejection, Result, Status
from .errors import NotTakenError, OutcomeUnknownError, PublishError, ReceiptError, RefusedError, TidemarkError
from .outcomes import Verdict
from .service import Publication

__all__ = [
    "AsyncClient",
    "Batcher",
    "Client",
    "Counts",
    "Fault",
    "NewEvent",
    "NotTakenError",
    "OutcomeUnknownError",
    "Problem",
    "Publication",
    "PublishError",
    "ReceiptError",
    "RefusedError",
    "Rejection",
    "Result",
    "Status",
    "TidemarkError",
    "Verdict",
]
