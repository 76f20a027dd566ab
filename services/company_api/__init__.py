"""The company's order API, simulated: two order systems with generated or real orders, and faults on demand."""
