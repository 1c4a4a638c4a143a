"""The door for programs: /v1/, with tokens, cursor pages and problems in RFC 9457 form. docs/api.md shows it."""
