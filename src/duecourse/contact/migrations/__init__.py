"""The migrations of this room: one purpose each, named by it."""
