"""The register is queried."""
