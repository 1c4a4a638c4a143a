"""Attempts to communicate."""
