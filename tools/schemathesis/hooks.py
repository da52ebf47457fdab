"""What schemathesis has to be told about Tidemark: NDJSON, and what a schema cannot say."""

import json

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

TAKEN = (
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)


@schemathesis.serializer("application/x-ndjson")
def to_lines(_context, value):
    return {"data": value.encode() if isinstance(value, str) else json.dumps(value).encode()}


@schemathesis.deserializer("application/x-ndjson")
def last_line(_context, response):
    return json.loads(response.content.splitlines()[-1])


@schemathesis.hook
def filter_failure(_context, failure, case, response):
    """Keeps a failure, unless it depends on relations between headers, body and earlier answers, which no schema can express."""
    headers = {name.lower(): str(value) for name, value in (case.headers or {}).items()}
    is_binary_cloud_event = "ce-specversion" in headers
    if isinstance(failure, AcceptedNegativeData):
        # In binary mode any body is data. In a list header, empty elements are ignored (RFC 9110, section 5.6.1).
        return not is_binary_cloud_event and headers.get("content-encoding", "identity").strip(" ,") != ""
    if isinstance(failure, RejectedPositiveData):
        return not (
            code_of(response) in ("invalid_cursor", "malformed_encoding")  # a cursor of another origin; a body in another encoding
            or (is_binary_cloud_event and response.status_code == 422)  # its headers make an event only together: a schema checks each one alone
            or asks_for_no_history(response)
            or case.media_type == "application/x-ndjson"  # a string of the schema need not be lines of events
            # only binary mode needs no body, and takes any type
            or (response.status_code == 415 and (case.body is NOT_SET or case.media_type not in TAKEN))
        )
    return True


def asks_for_no_history(response):
    """Whether a range is refused because it is empty, or because it has too many steps: parameters that are valid each."""
    detail = str(problem_of(response).get("detail"))
    return detail.startswith("since must be before") or "steps, and an answer has" in detail


def code_of(response):
    return problem_of(response).get("code")


def problem_of(response):
    try:
        return json.loads(response.content)
    except ValueError:
        return {}
