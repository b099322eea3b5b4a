"""Reports: renderings of results. They compute nothing."""
