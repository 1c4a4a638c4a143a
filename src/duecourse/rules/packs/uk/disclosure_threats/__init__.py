"""No threats of disclosure."""
