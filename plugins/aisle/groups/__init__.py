"""Dataset groups: which there are, what each asks for in Personalize, and which rows and events belong to it."""
