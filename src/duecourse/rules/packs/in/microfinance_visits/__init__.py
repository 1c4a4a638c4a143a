"""Microfinance visits."""
