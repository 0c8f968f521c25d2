"""Keys in PKCS#11 tokens: how one is named (`uri`), sessions and logins (`token`), and signing (`key`)."""
