"""The screens about people: colleagues, invitations, one's own profile."""
