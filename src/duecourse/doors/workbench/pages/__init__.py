"""The pages of the workbench, one module per subject; each brings its own addresses."""
