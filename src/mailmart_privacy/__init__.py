"""MailMart's privacy policy: its text, and what is made of it."""
