#!/usr/bin/env python3
"""kill -9 at random moments under load: nothing acknowledged is lost, nothing happens twice.

Clients raise and resolve alerts and remember what was acknowledged; an agent runs a check that is
flipped between ok and critical; gantryd and the agent are killed again and again. Then the books
are compared. GANTRY_KILLS (default 40) sets how often, GANTRY_KILL_SEED repeats a run."""

import http.client
import os
import random
import ssl
import sys
import threading
import time
from collections import Counter

import bridge
from bridge import Bridge, Failed, read_json_lines, say, wait_for

KILLS = int(os.environ.get("GANTRY_KILLS", "40"))
SEED = int(os.environ.get("GANTRY_KILL_SEED", str(random.SystemRandom().randrange(1 << 31))))
CLIENTS = 4
STALL_S = 60  # nothing new for so long is stuck: a killed gantryd leaves leases of 45 s behind
DRAIN_S = 600 + 6 * KILLS  # more than the slowest machine needs


class Client(threading.Thread):
    """Raises an alert, then resolves it, each until acknowledged; new key every time. Between the
    two it resends now and then, as monitors do."""

    def __init__(self, b, number, stop):
        super().__init__(daemon=True)
        self.b, self.number, self.stop = b, number, stop
        self.random = random.Random(SEED * 100 + number)
        self.token = b.admin_token
        self.context = ssl.create_default_context(cafile=b.ca)
        self.connection = None
        self.acknowledged = []  # keys whose firing and resolve were both answered 2xx
        self.sends = 0
        self.failures = 0

    def post(self, body):
        """One try; True when acknowledged."""
        self.sends += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(
                    "127.0.0.1", self.b.port, timeout=10, context=self.context)
            self.connection.request("POST", "/api/v1/intake/generic", body, {
                "Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
            if answer.status == 202:
                return True
            if answer.status not in (503, 429):
                raise Failed(f"client {self.number}: unexpected status {answer.status}")
        except (OSError, http.client.HTTPException):
            pass
        self.failures += 1
        if self.connection:
            self.connection.close()
        self.connection = None
        return False

    def until_acknowledged(self, body):
        while not self.post(body):
            time.sleep(0.02)

    def run(self):
        serial = 0
        while not self.stop.is_set():
            serial += 1
            key = f"kill/{self.number}/{serial}"
            firing = (f'{{"key":"{key}","status":"firing","severity":"critical",'
                      f'"summary":"disk {serial} is full","host":"host{self.number}"}}')
            self.until_acknowledged(firing)
            for _ in range(self.random.randrange(3)):
                self.until_acknowledged(firing)
            self.until_acknowledged(f'{{"key":"{key}","status":"resolved"}}')
            self.acknowledged.append(key)


class Flipper(threading.Thread):
    """Flips what the agent's plugin check says."""

    def __init__(self, path, stop):
        super().__init__(daemon=True)
        self.path, self.stop = path, stop
        self.random = random.Random(SEED)
        self.flips = 0

    def write(self, code):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(str(code))
        os.replace(self.path + ".new", self.path)

    def run(self):
        code = 0
        while not self.stop.wait(self.random.uniform(0.5, 3.0)):
            code = 2 - code
            self.write(code)
            self.flips += 1
        self.write(0)


def config(webhook_port):
    return f"""connectors:
  - name: desk
    kind: webhook
    url: http://127.0.0.1:{webhook_port}/hook
    secret: kill-test-secret
    per_minute: 60000
    concurrency: 8
"""


def set_policy(b, plugin):
    policy = {"name": "default", "interval_s": 1, "checks": [
        {"id": "flip", "probe": "plugin", "command": plugin, "every_s": 1, "timeout_s": 5}]}
    status, answer = b.call("PUT", "/api/v1/policies/default", policy)
    if status not in (200, 201):
        raise Failed(f"policy not taken: {status} {answer}")


def kill_loop(b, rng):
    kills = Counter()
    started = time.monotonic()
    for number in range(KILLS):
        time.sleep(rng.uniform(0.05, 0.9))
        victim = rng.choice(["gantryd", "gantryd", "agent"])
        kills[victim] += 1
        if victim == "gantryd":
            b.server.kill()
            b.start_server()
        else:
            b.agent.kill()
            b.start_agent()
        if (number + 1) % 20 == 0:
            say(f"  {number + 1} kills, {time.monotonic() - started:.0f} s")
    return kills


def drained(b):
    status, metrics = b.call("GET", "/metrics", token=None)
    if status != 200 or "gantry_journal_lag_records 0" not in metrics:
        return False
    for state in ("pending", "in_flight"):
        if b.call("GET", f"/api/v1/deliveries?state={state}&limit=1")[1]["items"]:
            return False
    return True


def drain(b, hooks):
    """Waits until everything is processed and delivered, for as long as webhooks keep arriving;
    returns the seconds it took."""
    started = time.monotonic()
    arrived, since = -1, started
    while not drained(b):
        now, size = time.monotonic(), os.path.getsize(hooks)
        if size != arrived:
            arrived, since = size, now
        if now - since > STALL_S or now - started > DRAIN_S:
            raise Failed(f"not drained {now - started:.0f} s after the last kill, "
                         f"{now - since:.0f} s after the last webhook")
        time.sleep(0.5)
    return time.monotonic() - started


def check_alerts(b, acknowledged):
    alerts = {a["key"]: a for a in b.every("/api/v1/alerts") if a["source"] == "generic"}
    lost = [key for key in acknowledged if key not in alerts]
    if lost:
        raise Failed(f"{len(lost)} acknowledged alerts are lost, such as {lost[:3]}")
    open_ = [key for key in acknowledged if alerts[key]["state"] != "resolved"]
    if open_:
        raise Failed(f"{len(open_)} acknowledged resolves are lost, such as {open_[:3]}")
    twice = [key for key in acknowledged if alerts[key]["episode_count"] != 1]
    if twice:
        raise Failed(f"{len(twice)} alerts began twice, such as {twice[:3]}")
    return alerts


def check_incidents(b, alerts, acknowledged):
    incidents = {i["id"]: i for i in b.every("/api/v1/incidents")}
    for key in acknowledged:
        incident = incidents.get(alerts[key]["incident_id"])
        if incident is None:
            raise Failed(f"{key} has no incident")
        if incident["state"] != "resolved":
            raise Failed(f"{incident['number']} of {key} is {incident['state']}")
        if not incident["asset_id"] or not incident["organisation_id"]:
            raise Failed(f"{incident['number']} has no asset or organisation")
    bound = Counter(a["incident_id"] for a in alerts.values())
    if bound and max(bound.values()) > 1:
        raise Failed("two alerts share an incident")
    monitoring = [i for i in incidents.values() if i["title"].endswith("is full")
                  or "disk" in i["title"]]
    if len(monitoring) != len(alerts):
        raise Failed(f"{len(alerts)} alerts made {len(monitoring)} incidents")
    still_open = [i["number"] for i in incidents.values()
                  if i["state"] not in ("resolved", "closed")]
    return incidents, still_open


def check_deliveries(log, alerts, incidents, acknowledged):
    entries = read_json_lines(log)
    bad = [e for e in entries if not e["signature_ok"]]
    if bad:
        raise Failed(f"{len(bad)} webhooks had a wrong signature")
    effective = Counter()
    for entry in entries:
        if not entry["duplicate"]:
            effective[(entry["incident"], entry["event"])] += 1
    for key in acknowledged:
        number = incidents[alerts[key]["incident_id"]]["number"]
        for event in ("incident.open", "incident.resolve"):
            if effective[(number, event)] != 1:
                raise Failed(f"{number}: {effective[(number, event)]} effective {event}")
    return len(entries), sum(1 for e in entries if e["duplicate"])


def main():
    say(f"kill test: {KILLS} kills, seed {SEED} (GANTRY_KILL_SEED={SEED} repeats)")
    rng = random.Random(SEED)
    with Bridge() as b:
        port, hooks = b.start_sink("webhook_sink.py", "--secret", "kill-test-secret")
        b.config_text = config(port)
        b.start_server()
        flip = b.path("flip")
        flipper_stop, clients_stop = threading.Event(), threading.Event()
        flipper = Flipper(flip, flipper_stop)
        flipper.write(0)
        set_policy(b, ["/bin/sh", "-c", f"echo flip; exit $(cat {flip})"])
        b.enrol_agent()
        b.start_agent()
        clients = [Client(b, n, clients_stop) for n in range(CLIENTS)]
        for thread in [flipper, *clients]:
            thread.start()
        kills = kill_loop(b, rng)
        for stop in (clients_stop, flipper_stop):
            stop.set()
        for thread in [flipper, *clients]:
            thread.join(60)
            if thread.is_alive():
                raise Failed("a client did not come to its end")
        acknowledged = [key for client in clients for key in client.acknowledged]
        drained_s = drain(b, hooks)
        wait_for("all incidents resolved", lambda: not [
            i for i in b.every("/api/v1/incidents?open=true")], 60, 0.5)
        alerts = check_alerts(b, acknowledged)
        incidents, still_open = check_incidents(b, alerts, acknowledged)
        if still_open:
            raise Failed(f"still open after recovery: {still_open[:5]}")
        webhooks, repeats = check_deliveries(hooks, alerts, incidents, acknowledged)
        sends = sum(client.sends for client in clients)
        failures = sum(client.failures for client in clients)
        say(f"kills: {dict(kills)}; {sends} posts ({failures} failed and were repeated); "
            f"{len(acknowledged)} alerts raised and resolved, {len(incidents)} incidents, "
            f"{flipper.flips} flips of the agent's check; {webhooks} webhooks, "
            f"{repeats} of them repeats that the receiver knew by their key; "
            f"drained in {drained_s:.0f} s")
        if len(acknowledged) < KILLS:
            raise Failed("too little load to mean anything")
    say("kill test: nothing lost, nothing twice")


if __name__ == "__main__":
    try:
        main()
    except bridge.Failed as failure:
        say(f"kill test FAILED (seed {SEED}): {failure}")
        sys.exit(1)
