"""Which role may migrate: the owner only, so that the application never owns a table."""

OWNER = "owner"


class OwnerMigrates:
    """Lets migrations run on the alias ``owner`` and nowhere else; reads and writes go where they are sent."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        """Return whether this alias may create and change tables."""
        return db == OWNER
