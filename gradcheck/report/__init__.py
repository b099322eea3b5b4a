"""Reports: renderings of results. They compute no results."""
