"""config: reads the environment, launches the database, wires Django together. It may import every room; only `__main__` imports it."""
