"""What borrowers tell us: complaints and disputes."""
