"""Voicemails crowded into a day."""
