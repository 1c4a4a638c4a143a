"""Voicemails in rapid succession."""
