"""The packs that come with duecourse: one folder per country."""
