"""What users do and what they are shown: the one way in, whatever a sender calls it."""
