"""Drives a plan: the dispatcher owns all run state; executors, services and kinds serve it."""
