"""What will run, in which order, and why: decided before anything starts. README.md tells how."""

from harness.plan.graph import priority
from harness.plan.planner import make_plan, referenced_capabilities
from harness.plan.ready import Blocked, Ended, blocked_by, holds, waits_for
from harness.plan.selection import Selection

__all__ = [
    "Blocked",
    "Ended",
    "Selection",
    "blocked_by",
    "holds",
    "make_plan",
    "priority",
    "referenced_capabilities",
    "waits_for",
]
