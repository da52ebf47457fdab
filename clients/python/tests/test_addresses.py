"""The addresses that get requests, and with them the key: those of the service, and no other that an answer names."""

from __future__ import annotations

import httpx
import pytest
from conftest import Call
from scripted import EVENT, PENDING, SHORTLY, STORED, Scripted, answer, problem

import tidemark


@pytest.mark.parametrize("key", ["", "secret\nkey", "sécret"])
def test_a_key_that_a_header_cannot_hold_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ValueError, match="the API key is empty, or has a space") as raised:
        tidemark.Client("http://tidemark.test", api_key=key)
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["tidemark.test", "ftp://tidemark.test", "http://user:secret@tidemark.test"])
def test_an_address_without_http_or_with_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(not an address|the URL must not)") as raised:
        tidemark.Client(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_so_that_no_other_address_gets_the_key(call: Call, status: int) -> None:
    service = Scripted(httpx.Response(status, headers={"location": "http://other.test/publish"}))

    with pytest.raises(tidemark.RefusedError, match=r"moved to http://other.test/publish; redirects are not followed"):
        call(service, "publish", EVENT, api_key="secret")

    assert [request.url.host for request in service.requests] == ["tidemark.test"]
    assert service.requests[0].headers["authorization"] == "Bearer secret"


def test_a_receipt_is_followed_with_the_key_until_nothing_is_pending(call: Call) -> None:
    url = "http://tidemark.test/intake/publish"
    publication = call(Scripted(answer(202, PENDING, location="receipts/r1")), "publish", EVENT, url=url)
    assert (publication.pending, publication.receipt) == (1, "http://tidemark.test/intake/receipts/r1")

    service = Scripted(answer(200, PENDING), answer(200, STORED))
    counts = call(service, "follow_receipt", publication.receipt, url=url, api_key="secret")

    assert (counts.accepted, counts.pending) == (1, 0)
    assert [str(request.url) for request in service.requests] == [publication.receipt] * 2
    assert service.requests[0].headers["authorization"] == "Bearer secret"
    assert service.requests[0].headers["prefer"] == "wait=10"


@pytest.mark.parametrize(
    "location",
    [
        "http://other.test/intake/receipts/r1",
        "https://tidemark.test/intake/receipts/r1",
        "//other.test/intake/receipts/r1",
        "http://tidemark.test:81/intake/receipts/r1",
        "/outside/receipts/r1",
        "receipts/../../outside",
    ],
)
def test_a_receipt_that_is_not_of_this_service_is_not_asked(call: Call, location: str) -> None:
    url = "http://tidemark.test/intake/publish"
    publication = call(Scripted(answer(202, PENDING, location=location)), "publish", EVENT, url=url)
    service = Scripted(answer(200, STORED))

    with pytest.raises(tidemark.ReceiptError, match=r"which is not below http://tidemark.test/intake/"):
        call(service, "follow_receipt", publication.receipt, url=url, api_key="secret")

    assert not service.requests


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_receipt_that_is_refused_is_not_asked_again(call: Call, status: int) -> None:
    service = Scripted(problem(status, "named", detail="no"))
    with pytest.raises(tidemark.ReceiptError, match=f"^the receipt could not be read: {status} named: no$") as raised:
        call(service, "follow_receipt", "http://tidemark.test/receipts/r1")
    assert (raised.value.code, len(service.requests)) == ("named", 1)


def test_a_receipt_whose_events_are_pending_at_the_deadline_is_given_up(call: Call) -> None:
    with pytest.raises(tidemark.ReceiptError, match="still pending at the deadline"):
        call(Scripted(answer(200, PENDING)), "follow_receipt", "http://tidemark.test/receipts/r1", **SHORTLY)
