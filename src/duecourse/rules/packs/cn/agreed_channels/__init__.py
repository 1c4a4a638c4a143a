"""Channels agreed not to be used."""
