"""Counts checks and prints them, one line each, with everything a reader needs to see why one failed."""

import time
import traceback


class Checks:
    """The result of one suite. A failed check never stops the suite: later checks often explain it."""

    def __init__(self, suite):
        self.suite = suite
        self.passed = 0
        self.failed = 0

    def check(self, claim, holds, detail=None):
        """Records one claim. `detail` is printed only on failure; a callable is asked only then."""
        if holds:
            self.passed += 1
            print(f"ok - {self.suite}: {claim}", flush=True)
            return True
        self.failed += 1
        print(f"not ok - {self.suite}: {claim}", flush=True)
        shown = detail() if callable(detail) else detail
        if shown is not None:
            for line in str(shown).splitlines():
                print(f"    {line}", flush=True)
        return False

    def equal(self, claim, got, wanted, detail=None):
        """Records that two values are the same, and shows both when they are not."""

        def both():
            more = detail() if callable(detail) else detail
            return f"wanted: {wanted!r}\ngot:    {got!r}" + (f"\n{more}" if more is not None else "")

        return self.check(claim, got == wanted, both)

    def skip(self, claim, reason):
        """Says aloud that something was not looked at. It counts neither way."""
        print(f"skipped - {self.suite}: {claim} ({reason})", flush=True)

    def scenario(self, name, steps, *arguments, evidence=None):
        """Runs one scenario; an exception in it is one failed check, with its traceback and the evidence."""
        try:
            steps(*arguments)
        except Exception:
            more = f"\n{evidence()}" if evidence else ""
            self.check(f"{name} runs to its end", False, traceback.format_exc() + more)

    def close(self):
        """Prints the closing line; true when nothing failed."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return self.failed == 0


class TooLate(Exception):
    """What a test waited for did not happen before its deadline."""


def wait_until(what, probe, seconds=30):
    """Asks `probe` until it answers something true, and returns that. The deadline only bounds a failure."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TooLate(f"waited {seconds} s for: {what}")
        time.sleep(0.05)
