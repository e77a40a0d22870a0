"""Under which ids other systems know our records; unique per owner, so nobody learns another's ids by trying."""
