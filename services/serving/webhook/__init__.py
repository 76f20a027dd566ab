"""Events of Amplitude: from its webhook, and from its SDKs when they are pointed at this API."""
