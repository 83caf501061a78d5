"""Sends the orders of a file as events. It may run again at any time: each order is stored once.

    EVENTS_SECRET=... python3 import_orders.py https://events.example.com my-back-end orders.ndjson

Each line of the file is an order: {"number": "4711", "customer": "customer-7", "total": 17.5, "at": "2026-11-22T13:45:00+00:00"}
"""

import hashlib
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from itertools import groupby

EVENTS_PER_CALL = 100
MAX_WAIT_SECONDS = 30
ATTEMPTS = 20


def event_id(number: str, at: datetime) -> str:
    """A UUIDv7 with the time of the order. A second run makes the same id, and finds the event in the index of that time."""
    digest = hashlib.sha256(number.encode()).hexdigest()
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"


def event_of(order: dict) -> dict:
    at = datetime.fromisoformat(order["at"])
    return {
        "id": event_id(order["number"], at),
        "type": "order-placed",
        "time": {"insert": at.isoformat(), "create": at.isoformat()},
        "properties": {"number": order["number"], "total": order["total"]},
    }


def post(url: str, body: bytes, secret: str | None) -> None:
    """Posts a call until it is answered 200. The ids in it stay the same, so a repetition stores nothing twice."""
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    for attempt in range(ATTEMPTS):
        wait = 0.0
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (408, 429) and error.code < 500:
                raise SystemExit(f"refused ({error.code}): {error.read().decode()}") from None
            wait = float(error.headers.get("Retry-After") or 0)
        except OSError as error:
            print(f"no answer: {error}", file=sys.stderr)
        time.sleep(max(wait, random.uniform(0, min(MAX_WAIT_SECONDS, 0.2 * 2**attempt))))
    raise SystemExit("the API does not take the events; run this again later")


def main(api: str, source: str, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        orders = sorted((json.loads(line) for line in file), key=lambda order: order["customer"])
    sent = 0
    for customer, of_customer in groupby(orders, key=lambda order: order["customer"]):
        events = [event_of(order) for order in of_customer]
        for start in range(0, len(events), EVENTS_PER_CALL):
            some = events[start : start + EVENTS_PER_CALL]
            call = {
                "source": {"id": source},
                # A session that nobody comes back to: its state is not stored.
                "session": {"id": f"{customer}.server"},
                "profile": {"id": customer},
                "options": {"saveSession": False},
                "events": some,
            }
            post(f"{api}/track", json.dumps(call).encode(), os.environ.get("EVENTS_SECRET"))
            sent += len(some)
    print(f"{sent} orders are stored")


if __name__ == "__main__":
    main(*sys.argv[1:])
