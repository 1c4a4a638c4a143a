"""Designated repayment channels."""
