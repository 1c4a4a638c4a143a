"""Costs need a contract."""
