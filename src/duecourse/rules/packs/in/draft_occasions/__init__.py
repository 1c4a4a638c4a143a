"""Draft: not at bereavements, weddings or festivals."""
