"""Review rules, one small file each: pure functions from a change to what is to be looked at in it."""
