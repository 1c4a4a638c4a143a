"""The entrances: console, commands."""
