"""The engine: answers the Amazon Personalize API from the data imported into it, on one machine."""
