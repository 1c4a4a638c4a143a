"""Agencies keep data safe."""
