"""No contact while a lawsuit is pending."""
