"""Reserved for limitation, law firms and court steps; nothing is built yet."""
