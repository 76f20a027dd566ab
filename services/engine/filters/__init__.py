"""The filter language of the service: text in, a mask of items or users out."""
