"""Third parties are only asked for contact data or to pass on a message."""
