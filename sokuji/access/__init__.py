"""Who may use the service, and how much: API keys, what they may do, and what they have used."""
