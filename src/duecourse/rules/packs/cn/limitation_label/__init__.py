"""Time-barred claims are labelled."""
