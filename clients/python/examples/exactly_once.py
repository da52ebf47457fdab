"""
Follows a subscription, and processes each event exactly once: the cursor is in the same PostgreSQL database as the work, and
one transaction changes both. Here the work is a row for each event.

    pip install tidemark 'psycopg[binary]'
    TIDEMARK_URL=http://localhost:8080 DATABASE_URL=postgresql://... SUBSCRIPTION=billing python exactly_once.py

The program ends when the database or the service refuses it. Whatever starts it again loses nothing and repeats nothing.
"""

from __future__ import annotations

import os

import psycopg

import tidemark

SUBSCRIPTION = os.environ.get("SUBSCRIPTION", "billing")

TABLES = """
CREATE TABLE IF NOT EXISTS progress (subscription text PRIMARY KEY, cursor text);
CREATE TABLE IF NOT EXISTS work (id bigserial PRIMARY KEY, topic text NOT NULL, event_id text NOT NULL);
"""
INSERT = "INSERT INTO progress (subscription) VALUES (%s) ON CONFLICT DO NOTHING"
SELECT = "SELECT cursor FROM progress WHERE subscription = %s"
UPDATE = "UPDATE progress SET cursor = %s WHERE subscription = %s AND cursor IS NOT DISTINCT FROM %s"
WORK = "INSERT INTO work (topic, event_id) VALUES (%s, %s)"


class AnotherWorkerError(Exception):
    """Another process has the subscription and was first."""


def process(database: psycopg.Connection, batch: tidemark.Batch, before: str | None) -> None:
    """Does the work of a batch and moves the cursor, both or neither."""
    with database.transaction(), database.cursor() as cursor:
        cursor.executemany(WORK, [(event["topic"], event["event_id"]) for event in batch.events])
        cursor.execute(UPDATE, (batch.cursor, SUBSCRIPTION, before))
        if cursor.rowcount != 1:
            raise AnotherWorkerError(SUBSCRIPTION)


def follow(database: psycopg.Connection, subscription: tidemark.Subscription) -> None:
    """Processes every batch of the subscription. Never ends by itself."""
    database.execute(TABLES)
    database.execute(INSERT, (SUBSCRIPTION,))
    row = database.execute(SELECT, (SUBSCRIPTION,)).fetchone()
    before: str | None = row[0] if row else None
    subscription.create()
    if before is not None:  # the program may have ended between a commit and its acknowledgement
        subscription.ack(before)
    while True:
        batch = subscription.read(wait=30)
        if batch.events:
            process(database, batch, before)
            before = batch.cursor
        subscription.ack(batch.cursor)


if __name__ == "__main__":
    url = os.environ.get("TIDEMARK_URL", "http://localhost:8080")
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database,
        tidemark.Client(url, api_key=os.environ.get("TIDEMARK_API_KEY")) as client,
    ):
        follow(database, client.subscribe(SUBSCRIPTION, topic=os.environ.get("TOPIC")))
