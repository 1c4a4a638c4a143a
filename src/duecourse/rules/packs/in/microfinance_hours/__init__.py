"""Microfinance hours."""
