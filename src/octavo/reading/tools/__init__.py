"""What a model that reasons may call: tools of octavo, of the user, of servers; and who may call what."""
