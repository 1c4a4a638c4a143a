"""When validation information is due."""
