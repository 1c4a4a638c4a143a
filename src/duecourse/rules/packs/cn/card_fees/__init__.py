"""No late or over-limit fees on cards."""
