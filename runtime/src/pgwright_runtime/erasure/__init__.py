"""A person forgotten (GDPR, article 17): what is deleted, what loses its personal data, and what has to stay."""
