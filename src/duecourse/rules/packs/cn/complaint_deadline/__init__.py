"""Days to answer a complaint."""
