"""Agencies are not appraised by recovery alone."""
