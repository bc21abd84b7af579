"""How many sessions the machine holds, and whether it holds one more. Pure: the clock is passed in."""
