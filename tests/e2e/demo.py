#!/usr/bin/env python3
"""The bridge on this machine, start to end, with real conditions: a small disk that fills up and a
process that ends. Each becomes one incident, is told to a webhook receiver and by e-mail, and
closes itself when the condition clears. Ends with 0 only if all of that was seen."""

import os
import subprocess
import sys
import time

import bridge
from bridge import Bridge, Failed, read_json_lines, say, wait_for

OPEN_WITHIN_S = 5.0


def step(text):
    say(f"\n== {text}")


def config(webhook_port, smtp_port):
    return f"""mail:
  url: smtp://127.0.0.1:{smtp_port}
connectors:
  - name: operations-webhook
    kind: webhook
    url: http://127.0.0.1:{webhook_port}/hook
    secret: demo-secret
  - name: operations-mail
    kind: mail
    from: gantry@demo.example
    to: [operations@demo.example]
"""


class SmallDisk:
    """A tmpfs of its own where the kernel lets us mount one; it spares the machine's own disks."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "gantry-demo", path],
                              capture_output=True, text=True, check=False)
        self.mounted = done.returncode == 0
        self.why = done.stderr.strip()

    def fill(self):
        with open(os.path.join(self.path, "ballast"), "wb") as f:
            f.write(b"\0" * (7900 * 1024))

    def free(self):
        os.unlink(os.path.join(self.path, "ballast"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=False)


class DemoWorker:
    """The process that ought to run."""

    def __init__(self, path):
        self.script = path
        with open(path, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nwhile :; do sleep 0.2; done\n")
        os.chmod(path, 0o755)
        self.process = None

    def start(self):
        self.process = subprocess.Popen([self.script])

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def policy(disk):
    checks = [{"id": "demo_process", "probe": "process", "metric": "system.process.count",
               "include": ["gantry-demo-wor*"], "critical": 1, "below": True, "every_s": 1}]
    if disk.mounted:
        checks.append({"id": "demo_disk", "probe": "filesystem",
                       "metric": "system.filesystem.utilization", "include": [disk.path],
                       "warning": 0.8, "critical": 0.9, "clear_warning": 0.7,
                       "clear_critical": 0.8, "every_s": 1})
    return {"name": "default", "interval_s": 1, "checks": checks}


def incident_about(b, word):
    return next((i for i in b.every("/api/v1/incidents") if word in i["title"]), None)


def watch_open(b, name, word, failed_at):
    """The incident about `word`, open within the promised time of the check's failing."""
    incident = wait_for(f"an incident about {name}", lambda: incident_about(b, word), 20)
    seconds = time.time() - failed_at
    say(f"{incident['number']}  {incident['title']}  (seen {seconds:.1f} s after the fault)")
    if seconds > OPEN_WITHIN_S:
        raise Failed(f"{name}: the incident took {seconds:.1f} s, promised {OPEN_WITHIN_S:g}")
    if not incident["asset_id"] or not incident["organisation_id"]:
        raise Failed(f"{incident['number']} lacks its asset or organisation")
    return incident


def show(b, number):
    say(b.cli("incidents", "show", number).stdout.rstrip())
    explanation = b.cli("explain", number).stdout.rstrip()
    if len(explanation) < 40:
        raise Failed(f"{number} is not explained")
    say(explanation)


def watch_deliveries(hooks, mails, number, event):
    wait_for(f"webhook {event} of {number}", lambda: [
        e for e in read_json_lines(hooks)
        if e["incident"] == number and e["event"] == event and e["signature_ok"]], 30)
    say(f"webhook: {event} of {number}, signature verified by the receiver")
    count = 1 if event == "incident.open" else 2
    wait_for(f"e-mail about {number}", lambda: len([
        m for m in read_json_lines(mails) if number in m["subject"]]) >= count, 30)
    mail = [m for m in read_json_lines(mails) if number in m["subject"]][-1]
    say(f"e-mail:  {mail['subject']}")


def watch_resolved(b, number):
    incident = wait_for(f"{number} resolved", lambda: next(
        (i for i in b.every("/api/v1/incidents?open=false")
         if i["number"] == number and i["state"] == "resolved"), None), 60)
    say(f"{number} resolved itself: {incident['close_code']}")


def one_only(b, word):
    count = len([i for i in b.every("/api/v1/incidents") if word in i["title"]])
    if count != 1:
        raise Failed(f"{count} incidents about {word}, promised one")


def demo(b):
    step("The outside world: a webhook receiver and a mail server, both local")
    webhook_port, hooks = b.start_sink("webhook_sink.py", "--secret", "demo-secret")
    smtp_port, mails = b.start_sink("smtp_sink.py")
    say(f"webhook receiver on port {webhook_port}, mail server on port {smtp_port}")
    with SmallDisk(b.path("demo-disk")) as disk:
        worker = DemoWorker(b.path("gantry-demo-worker"))
        worker.start()
        try:
            run(b, disk, worker, config(webhook_port, smtp_port), hooks, mails)
        finally:
            worker.end()


def run(b, disk, worker, text, hooks, mails):
    step("gantryd and an agent on this machine")
    b.config_text = text
    b.start_server()
    say(f"gantryd answers at {b.url}")
    status, answer = b.call("PUT", "/api/v1/policies/default", policy(disk))
    if status not in (200, 201):
        raise Failed(f"the demo's policy was not taken: {status} {answer}")
    b.enrol_agent()
    b.start_agent()
    wait_for("the agent's first report", lambda: "gantry_agent_reports_total" in
             b.call("GET", "/metrics", token=None)[1] and b.every("/api/v1/assets"), 30)
    time.sleep(2)  # the checks see the healthy state first
    say(b.cli("assets").stdout.rstrip())
    faults = []
    if disk.mounted:
        step("A real fault: a small disk fills up")
        disk.fill()
        faults.append(watch_open(b, "the full disk", "demo-disk", time.time()))
    else:
        say(f"(no disk fault here: this machine does not let us mount a tmpfs: {disk.why})")
    step("Another real fault: a process ends")
    worker.end()
    faults.append(watch_open(b, "the missing process", "gantry-demo-wor", time.time()))
    for incident in faults:
        show(b, incident["number"])
        watch_deliveries(hooks, mails, incident["number"], "incident.open")
    step("Recovery: the disk is freed, the process runs again")
    if disk.mounted:
        disk.free()
    worker.start()
    for incident in faults:
        watch_resolved(b, incident["number"])
        watch_deliveries(hooks, mails, incident["number"], "incident.resolve")
    if disk.mounted:
        one_only(b, "demo-disk")
    one_only(b, "gantry-demo-wor")
    say(b.cli("incidents").stdout.rstrip())
    step("Seen: each fault became one incident, was delivered, and closed itself")


def main():
    with Bridge() as b:
        demo(b)


if __name__ == "__main__":
    try:
        main()
    except bridge.Failed as failure:
        say(f"\ndemo FAILED: {failure}")
        sys.exit(1)
