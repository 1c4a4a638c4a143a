"""Settlements are explained."""
