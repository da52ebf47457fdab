"""
Publishes events to Tidemark and subscribes to them. Tidemark is a service that stores each `(topic, event_id)` once, counts
every duplicate, and tells the sender which events were which.
"""

from .async_batcher import AsyncBatcher, PendingVerdict
from .async_client import AsyncClient
from .batcher import Batcher
from .client import Client
from .contract import Counts, Fault, NewEvent, Problem, Rejection, Result, Status
from .errors import (
    NotTakenError,
    OutcomeUnknownError,
    PublishError,
    ReceiptError,
    RefusedError,
    SubscriptionError,
    SubscriptionMovedError,
    TidemarkError,
)
from .outcomes import Verdict
from .service import Publication
from .subscriptions import AsyncSubscription, Batch, StoredEvent, Subscription

__all__ = [
    "AsyncBatcher",
    "AsyncClient",
    "AsyncSubscription",
    "Batch",
    "Batcher",
    "Client",
    "Counts",
    "Fault",
    "NewEvent",
    "NotTakenError",
    "OutcomeUnknownError",
    "PendingVerdict",
    "Problem",
    "Publication",
    "PublishError",
    "ReceiptError",
    "RefusedError",
    "Rejection",
    "Result",
    "Status",
    "StoredEvent",
    "Subscription",
    "SubscriptionError",
    "SubscriptionMovedError",
    "TidemarkError",
    "Verdict",
]
