"""Employer's e-mail address."""
