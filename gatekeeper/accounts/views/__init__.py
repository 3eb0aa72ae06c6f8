"""Pages of accounts: everybody's own, and those of who administers people, roles, tokens and sites."""
