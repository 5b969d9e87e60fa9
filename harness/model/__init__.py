"""The shared vocabulary: frozen data that every other folder speaks in.

Imports nothing of ours but `harness.errors`; does no I/O; knows no clock.
"""
