#!/usr/bin/env python3
"""Runs the Python of docs/specs/delivery.md: what people copy from there must be right."""

import hashlib
import hmac
import re
import unittest
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[3] / "docs/specs/delivery.md").read_text(encoding="utf-8")


def from_page():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(blocks) == 1, "the page has one example"
    names = {}
    exec(blocks[0], names)  # our own page
    return names["is_from_gantry"]


class Receiver(unittest.TestCase):
    def setUp(self):
        self.is_from_gantry = from_page()
        secret, self.timestamp, body, self.signature = re.search(
            r"secret `(.*?)`, timestamp `(.*?)` and body `(.*?)` make\s+"
            r"`X-Gantry-Signature: (.*?)`", PAGE).groups()
        self.secret, self.body = secret, body.encode()

    def verify(self, signature=None, timestamp=None, body=None, secret=None, later_s=0):
        headers = {"X-Gantry-Timestamp": self.timestamp if timestamp is None else timestamp,
                   "X-Gantry-Signature": self.signature if signature is None else signature}
        return self.is_from_gantry(secret or self.secret, headers, body or self.body,
                                   now=lambda: int(self.timestamp) + later_s)

    def test_takes_the_page_s_own_request(self):
        self.assertTrue(self.verify())
        self.assertTrue(self.verify(later_s=299))

    def test_takes_any_signature_of_a_list(self):
        other = "v1=" + hmac.new(b"old", b"x", hashlib.sha256).hexdigest()
        for listed in (f"{other},{self.signature}", f"{self.signature}, {other}"):
            self.assertTrue(self.verify(signature=listed))

    def test_refuses_what_is_changed_old_or_signed_by_another(self):
        self.assertFalse(self.verify(body=self.body + b" "))
        self.assertFalse(self.verify(secret="other"))
        self.assertFalse(self.verify(timestamp=str(int(self.timestamp) + 1)))
        for later_s in (301, -301):
            self.assertFalse(self.verify(later_s=later_s))

    def test_refuses_what_is_no_signature_or_time(self):
        for signature in ("", "v1=", "v1", ",", self.signature.removeprefix("v1=")):
            self.assertFalse(self.verify(signature=signature))
        for timestamp in ("", "soon", "-1", "1.5"):
            self.assertFalse(self.verify(timestamp=timestamp))
        self.assertFalse(self.is_from_gantry(self.secret, {}, self.body))


if __name__ == "__main__":
    unittest.main()
