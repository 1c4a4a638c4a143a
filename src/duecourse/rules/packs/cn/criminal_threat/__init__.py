"""No casual threat of crime."""
