"""Draft: hours of calls and visits."""
