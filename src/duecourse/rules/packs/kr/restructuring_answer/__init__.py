"""Restructuring requests are answered."""
