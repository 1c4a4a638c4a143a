"""Texts and rules as code: one folder per rule, one folder per pack; pure Python."""
