"""Third parties who refuse."""
