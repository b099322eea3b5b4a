"""How a process ended, in words."""

from __future__ import annotations

import signal


def how_it_ended(status: int) -> str:
    """What a process's status means: the signal that killed it, or the number that it exited with."""
    if status < 0:
        return f"was killed by {signal_name(status)}"
    return f"exited with status {status} before it had answered"


def signal_name(status: int) -> str:
    """The name of the signal in a negative status."""
    return signal.Signals(-status).name if -status in {*signal.Signals} else f"signal {-status}"
