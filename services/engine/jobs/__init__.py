"""What happens between pending and active. A job takes its resource and gives back what to store when it is done."""
