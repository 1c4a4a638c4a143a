"""Records of processing are kept."""
