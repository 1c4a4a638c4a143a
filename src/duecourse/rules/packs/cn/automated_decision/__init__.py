"""Automated decisions are explained."""
