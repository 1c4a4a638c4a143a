"""Conformance: vectors that others wrote are read, the pack's own rules are run on them, and what is not fully understood is said to be so."""
