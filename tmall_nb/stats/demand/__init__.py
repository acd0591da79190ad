"""Demand models: numbers only (arrays in, arrays or frozen dataclasses out)."""
