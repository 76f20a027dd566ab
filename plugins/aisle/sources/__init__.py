"""Sources of orders as data: a file each says what a company's words mean. Adding a source is a file and a test."""

from aisle.sources.source import (
    SOURCES_FOLDER,
    Source,
    api_sources,
    file_sources,
    read_sources,
    source_named,
    sources,
)

__all__ = ["SOURCES_FOLDER", "Source", "api_sources", "file_sources", "read_sources", "source_named", "sources"]
