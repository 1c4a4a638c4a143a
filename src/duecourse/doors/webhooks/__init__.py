"""Telling programs what happened: events out of the sealed trail, signed, sent until they arrive. docs/api.md shows it.

`events.py` what of the trail becomes which event, and whose; `sending.py` one try, guarded; `rounds.py` what the worker does each second.
"""
