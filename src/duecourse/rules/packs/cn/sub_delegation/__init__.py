"""No sub-delegation without consent."""
